//! The members of all rooms: what was published, and what each of them read.
use crate::job::Job;
use crate::journal::{Journal, Trouble};
use crate::marker::{self, Found};
use crate::publications::Publications;
use crate::report::{Report, Times};
use crate::swarm::{Listener, Swarm};
use std::ops::Range;

pub struct Crowd {
    pub publications: Publications,
    pub journals: Vec<Journal>,
    trouble: Trouble,
    damaged: u64,
    filler: Vec<u8>,
    content: Vec<u8>,
    /// What is sent and what arrives then is measured.
    pub window: Range<u64>,
    pub deliveries: u64,
    frames: u64,
    pub published: u64,
    pub times: Times,
    /// When something last arrived.
    pub heard: u64,
}

impl Crowd {
    pub fn new(job: &Job, rooms: usize, members: usize, readers: usize) -> Crowd {
        Crowd {
            publications: Publications::new(rooms, readers),
            journals: vec![Journal::new(0); rooms * members],
            trouble: Trouble::default(),
            damaged: 0,
            filler: marker::content(job.size),
            content: marker::content(job.size),
            window: 0..0,
            deliveries: 0,
            frames: 0,
            published: 0,
            times: Times::new(),
            heard: 0,
        }
    }

    /// Publishes the room's next message, which was due then.
    pub fn publish(&mut self, swarm: &mut Swarm, socket: usize, room: u32, before: &[u8], after: &[u8], due: u64) {
        let sequence = self.publications.publish(room, due);
        self.published += self.window.contains(&due) as u64;
        marker::write(&mut self.content, room, sequence);
        swarm.send(socket, &[before, &self.content, after]);
    }

    /// What was lost, reordered or repeated by the sockets that read.
    pub fn judge(&mut self, swarm: &Swarm, reads: impl Fn(usize) -> bool, report: &mut Report) {
        for (index, journal) in self.journals.iter().enumerate().filter(|(index, _)| reads(*index)) {
            let room = swarm.sockets[index].room as usize;
            self.trouble.lost += journal.behind(self.publications.published[room]) as u64;
        }
        report.published = self.published;
        report.frames = self.frames;
        report.lost = self.trouble.lost;
        report.reordered = self.trouble.reordered;
        report.duplicate = self.trouble.duplicate;
        report.damaged = self.damaged;
        report.closed = swarm.closed as u64;
        report.connections = swarm.sockets.len() as u64;
    }
}

impl Listener for Crowd {
    fn text(&mut self, socket: usize, text: &[u8], at: u64) -> bool {
        let Crowd { publications, journals, trouble, damaged, filler, times, window, .. } = self;
        let journal = &mut journals[socket];
        let found = marker::each(text, filler, |found| match found {
            Found::Damaged => *damaged += 1,
            Found::Message { room, sequence } => {
                journal.arrived(sequence, trouble);
                match publications.arrived(room, sequence) {
                    Some(sent) if window.contains(&sent) => times.record(at - sent),
                    _ => {}
                }
            }
        });
        if window.contains(&at) {
            self.deliveries += found as u64;
            self.frames += (found > 0) as u64;
        }
        self.heard = at;
        found > 0
    }
}
