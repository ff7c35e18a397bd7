//! All clients, on one thread and one epoll.
mod conversation;

use crate::clock::{self, SECOND};
use crate::frames::{self, Next};
use crate::handshake;
use crate::job::Job;
use crate::pace::Alarm;
use crate::socket::{Filled, Phase, Socket};
use mio::{Events, Interest, Poll, Token};

const BUFFER: usize = 256 * 1024;
const EVENTS: usize = 1024;
/// How long all handshakes and joins together may take.
const PATIENCE: u64 = 60 * SECOND;

pub trait Listener {
    /// A text frame. Answers whether there were messages in it.
    fn text(&mut self, socket: usize, text: &[u8], at: u64) -> bool;

    /// A member is in its room. `text`: what told it so, empty where the handshake did.
    fn joined(&mut self, _socket: usize, _text: &[u8], _at: u64) {}
}

pub struct Member {
    pub room: u32,
    pub since: Option<String>,
}

pub struct Swarm<'a> {
    job: &'a Job,
    poll: Poll,
    events: Events,
    alarm: Alarm,
    pub sockets: Vec<Socket>,
    buffer: Vec<u8>,
    frame: Vec<u8>,
    joined: usize,
    /// Connections that were open and were not closed by us.
    pub closed: usize,
    failure: Option<String>,
}

impl<'a> Swarm<'a> {
    pub fn new(job: &'a Job) -> Result<Swarm<'a>, String> {
        let poll = Poll::new().map_err(|why| why.to_string())?;
        let alarm = Alarm::new(poll.registry(), Token(usize::MAX)).map_err(|why| why.to_string())?;
        Ok(Swarm {
            job,
            poll,
            events: Events::with_capacity(EVENTS),
            alarm,
            sockets: Vec::new(),
            buffer: vec![0; BUFFER],
            frame: Vec::new(),
            joined: 0,
            closed: 0,
            failure: None,
        })
    }

    /// Connects members and waits until all of them are in their rooms.
    pub fn open(&mut self, members: Vec<Member>, listener: &mut impl Listener) -> Result<(), String> {
        let deadline = clock::now() + PATIENCE;
        let wanted = self.joined + members.len();
        let mut waiting = members.into_iter();
        self.sockets.reserve(waiting.len());
        loop {
            let begun = self.sockets.len() - self.joined - self.closed;
            for member in waiting.by_ref().take(self.job.concurrency.saturating_sub(begun)) {
                self.connect(member)?;
            }
            if self.joined == wanted {
                return Ok(());
            }
            self.turn(deadline, listener);
            if let Some(why) = self.failure.take() {
                return Err(why);
            }
            if clock::now() > deadline {
                return Err(format!("{} of {wanted} members joined within 60 s", self.joined));
            }
        }
    }

    fn connect(&mut self, Member { room, since }: Member) -> Result<(), String> {
        let mut socket = Socket::connect(self.job.address, room, since).map_err(|why| format!("connect: {why}"))?;
        let token = Token(self.sockets.len());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket.stream, token, both).map_err(|why| why.to_string())?;
        self.sockets.push(socket);
        Ok(())
    }

    /// This member reads nothing from now on.
    pub fn stall(&mut self, index: usize) -> Result<(), String> {
        self.poll.registry().deregister(&mut self.sockets[index].stream).map_err(|why| why.to_string())
    }

    /// Drops all connections.
    pub fn hang_up(&mut self) {
        self.sockets.clear();
        self.joined = 0;
        self.closed = 0;
    }

    /// Sends one text frame made of parts.
    pub fn send(&mut self, index: usize, parts: &[&[u8]]) {
        self.frame.clear();
        frames::write(&mut self.frame, frames::TEXT, parts);
        if self.sockets[index].phase == Phase::Open && self.sockets[index].send(&self.frame).is_err() {
            self.end(index, "write");
        }
    }

    /// Waits until something happens, or until then, and tells the listener what came.
    pub fn turn(&mut self, until: u64, listener: &mut impl Listener) {
        let timeout = self.alarm.set(until);
        // An interrupted wait is a short one.
        let _ = self.poll.poll(&mut self.events, timeout);
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            let index = event.token().0;
            // The alarm, or a socket of before `hang_up`.
            if index >= self.sockets.len() {
                continue;
            }
            if event.is_writable() {
                self.writable(index);
            }
            if event.is_readable() {
                self.readable(index, listener);
            }
        }
        self.events = events;
    }

    /// Turns until then.
    pub fn wait(&mut self, until: u64, listener: &mut impl Listener) {
        while clock::now() < until {
            self.turn(until, listener);
        }
    }

    fn writable(&mut self, index: usize) {
        let socket = &mut self.sockets[index];
        if socket.phase == Phase::Closed {
            return;
        }
        if socket.phase == Phase::Connecting {
            if let Ok(Some(why)) = socket.stream.take_error() {
                return self.end(index, &format!("connect: {why}"));
            }
            if socket.stream.peer_addr().is_err() {
                return;
            }
            let _ = socket.stream.set_nodelay(true);
            let path = self.job.path.replace("{room}", &format!("r{}", socket.room));
            let request = handshake::request(self.job.address, &path, self.job.subprotocol.as_deref());
            socket.phase = Phase::Handshaking;
            if socket.send(request.as_bytes()).is_err() {
                return self.end(index, "handshake");
            }
        }
        if self.sockets[index].flush().is_err() {
            self.end(index, "write");
        }
    }

    fn readable(&mut self, index: usize, listener: &mut impl Listener) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while self.sockets[index].phase != Phase::Closed {
            match self.sockets[index].fill(&mut buffer) {
                Ok(Filled::Bytes { length, drained }) => {
                    let needed = self.take(index, &buffer[..length], listener);
                    if needed > buffer.len() {
                        buffer.resize(needed.next_power_of_two(), 0);
                    } else if drained {
                        break;
                    }
                }
                Ok(Filled::Nothing) => break,
                Ok(Filled::End) => self.end(index, "the server ended the connection"),
                Err(why) => self.end(index, &why.to_string()),
            }
        }
        self.buffer = buffer;
    }

    /// Takes all whole frames; answers how large a buffer has to be for the next.
    fn take(&mut self, index: usize, bytes: &[u8], listener: &mut impl Listener) -> usize {
        let at = clock::now();
        let mut rest = bytes;
        if self.sockets[index].phase == Phase::Handshaking {
            match handshake::answered(rest, self.job.subprotocol.as_deref()) {
                Ok(Some(size)) => rest = &rest[size..],
                Ok(None) => {
                    self.sockets[index].keep(rest);
                    return 0;
                }
                Err(why) => {
                    self.end(index, &why);
                    return 0;
                }
            }
            self.greet(index, at, listener);
        }
        loop {
            match frames::next(rest) {
                Next::Frame { opcode, payload, size } => {
                    self.hear(index, opcode, payload, at, listener);
                    rest = &rest[size..];
                }
                Next::Partial { size } => {
                    self.sockets[index].keep(rest);
                    return size + 1;
                }
                Next::Broken(what) => {
                    self.end(index, what);
                    return 0;
                }
            }
        }
    }

    fn end(&mut self, index: usize, why: &str) {
        let socket = &mut self.sockets[index];
        match socket.phase {
            Phase::Closed => return,
            Phase::Open => {
                self.closed += 1;
                self.joined -= 1;
            }
            _ => self.failure = Some(format!("a connection failed before it was in its room: {why}")),
        }
        socket.phase = Phase::Closed;
        let _ = self.poll.registry().deregister(&mut socket.stream);
    }
}
