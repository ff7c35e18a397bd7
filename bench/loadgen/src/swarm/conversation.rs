//! What is said on one connection beside messages: greetings, joins, pings, ends.
use super::{Listener, Swarm};
use crate::dialect::Said;
use crate::frames;
use crate::socket::Phase;

impl Swarm<'_> {
    pub(super) fn greet(&mut self, index: usize, at: u64, listener: &mut impl Listener) {
        let dialect = self.job.dialect;
        let socket = &mut self.sockets[index];
        socket.phase = Phase::Joining;
        if let Some(text) = dialect.greeting(self.job, socket.room, socket.since.as_deref()) {
            self.answer(index, frames::TEXT, text.as_bytes());
        }
        if dialect.joins_at_once() {
            self.enter(index, b"", at, listener);
        }
    }

    pub(super) fn hear(&mut self, index: usize, opcode: u8, payload: &[u8], at: u64, listener: &mut impl Listener) {
        match opcode {
            frames::TEXT => {
                let held_messages = listener.text(index, payload, at);
                if !held_messages {
                    self.control(index, payload, at, listener);
                }
            }
            frames::PING => self.answer(index, frames::PONG, payload),
            frames::CLOSE => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                self.end(index, &format!("closed with {code}"));
            }
            _ => {}
        }
    }

    fn control(&mut self, index: usize, text: &[u8], at: u64, listener: &mut impl Listener) {
        match self.job.dialect.hear(text, self.sockets[index].room) {
            Said::Nothing => {}
            Said::Answer(text) => self.answer(index, frames::TEXT, text.as_bytes()),
            Said::Joined => self.enter(index, text, at, listener),
            Said::Refused(why) => self.failure = Some(why),
        }
    }

    fn answer(&mut self, index: usize, opcode: u8, payload: &[u8]) {
        self.frame.clear();
        frames::write(&mut self.frame, opcode, &[payload]);
        if self.sockets[index].send(&self.frame).is_err() {
            self.end(index, "write");
        }
    }

    fn enter(&mut self, index: usize, text: &[u8], at: u64, listener: &mut impl Listener) {
        if self.sockets[index].phase == Phase::Joining {
            listener.joined(index, text, at);
            self.sockets[index].phase = Phase::Open;
            self.joined += 1;
        }
    }
}
