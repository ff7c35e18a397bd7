//! One client's socket. Nothing is allocated per message: what can't be written or is not whole yet goes to buffers that stay.
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::SocketAddr;

#[derive(Clone, Copy, PartialEq)]
pub enum Phase {
    Connecting,
    Handshaking,
    Joining,
    Open,
    Closed,
}

pub struct Socket {
    pub stream: TcpStream,
    pub phase: Phase,
    pub room: u32,
    /// Where to resume from, as JSON.
    pub since: Option<String>,
    /// The beginning of a frame that is not whole.
    part: Vec<u8>,
    /// What the socket did not take.
    unsent: Vec<u8>,
}

pub enum Filled {
    /// `buffer[..length]` is to be read; `drained`: nothing more is there.
    Bytes {
        length: usize,
        drained: bool,
    },
    Nothing,
    End,
}

impl Socket {
    pub fn connect(address: SocketAddr, room: u32, since: Option<String>) -> Result<Socket> {
        let stream = TcpStream::connect(address)?;
        Ok(Socket { stream, phase: Phase::Connecting, room, since, part: Vec::new(), unsent: Vec::new() })
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let written = written(self.stream.write(bytes))?;
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    pub fn flush(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            let written = written(self.stream.write(&self.unsent))?;
            if written == 0 {
                break;
            }
            self.unsent.drain(..written);
        }
        Ok(())
    }

    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<Filled> {
        let kept = self.part.len();
        match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => Ok(Filled::End),
            Ok(count) => {
                buffer[..kept].copy_from_slice(&self.part);
                self.part.clear();
                let length = kept + count;
                Ok(Filled::Bytes { length, drained: length < buffer.len() })
            }
            Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(Filled::Nothing),
            Err(why) => Err(why),
        }
    }

    /// Keeps what is not whole until more comes.
    pub fn keep(&mut self, part: &[u8]) {
        self.part.extend_from_slice(part);
    }
}

fn written(result: Result<usize>) -> Result<usize> {
    match result {
        Err(why) if why.kind() == ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}
