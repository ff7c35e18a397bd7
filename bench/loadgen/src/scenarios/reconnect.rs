//! All members lose their connections, miss some messages, and come back at once, each from where it was. Where a server can't
//! resume, nothing is missed, and all that is measured is coming back.
use super::crowd::Crowd;
use crate::clock::{self, SECOND};
use crate::dialect;
use crate::job::{Dialect, Job};
use crate::process;
use crate::report::{Report, Times};
use crate::swarm::{Listener, Member, Swarm};

const PATIENCE: u64 = 30 * SECOND;

struct Returning {
    crowd: Crowd,
    missed: u32,
    /// Where each stood when it joined, as JSON.
    positions: Vec<Option<String>>,
    joined: Vec<bool>,
    is_back: Vec<bool>,
    back: usize,
    recovered: u64,
    begun: u64,
    times: Times,
}

impl Returning {
    fn new(job: &Job, members: usize, missed: u32) -> Returning {
        let mut crowd = Crowd::new(job, 1, members, members);
        crowd.publications.published[0] = missed;
        Returning {
            crowd,
            missed,
            positions: vec![None; members],
            joined: vec![false; members],
            is_back: vec![false; members],
            back: 0,
            recovered: 0,
            begun: clock::now(),
            times: Times::new(),
        }
    }

    fn look(&mut self, socket: usize, at: u64) {
        let has_all = self.joined[socket] && self.crowd.journals[socket].behind(self.missed) == 0;
        if has_all && !std::mem::replace(&mut self.is_back[socket], true) {
            self.back += 1;
            self.times.record(at - self.begun);
        }
    }
}

impl Listener for Returning {
    fn text(&mut self, socket: usize, text: &[u8], at: u64) -> bool {
        let found = self.crowd.text(socket, text, at);
        self.look(socket, at);
        // What was missed may come in one frame with `joined`, which is still to be heard.
        found && (self.joined[socket] || dialect::joined(text).is_none())
    }

    fn joined(&mut self, socket: usize, text: &[u8], at: u64) {
        self.joined[socket] = true;
        if let Some(joined) = dialect::joined(text) {
            self.recovered += joined.recovered as u64;
            self.positions[socket] = Some(joined.position.to_string());
        }
        self.look(socket, at);
    }
}

pub fn run(job: &Job, members: usize, missed: u32) -> Result<Report, String> {
    let missed = if job.dialect == Dialect::Parlor { missed } else { 0 };
    let mut report = Report { rss_before: process::memory(job.pid).0, ..Report::default() };
    let mut swarm = Swarm::new(job)?;
    // Something is in the log, so that positions have an id.
    talk(job, 1)?;
    let mut away = Returning::new(job, members, 0);
    swarm.open((0..members).map(|_| Member { room: 0, since: None }).collect(), &mut away)?;
    swarm.wait(clock::now() + SECOND / 2, &mut away);
    swarm.hang_up();
    talk(job, missed)?;
    let before = process::snapshot(job.pid);
    let mut returning = Returning::new(job, members, missed);
    let everybody = away.positions.into_iter().map(|since| Member { room: 0, since });
    swarm.open(everybody.collect(), &mut returning)?;
    let deadline = clock::now() + PATIENCE;
    while returning.back < members && clock::now() < deadline {
        swarm.turn(deadline, &mut returning);
    }
    let deliveries = members as u64 * missed.max(1) as u64;
    report.used(&before, &process::snapshot(job.pid), deliveries);
    (report.rss, report.rss_peak) = process::memory(job.pid);
    report.latency = returning.times.latency();
    report.recovered = (missed > 0).then_some(returning.recovered);
    returning.crowd.judge(&swarm, |_| true, &mut report);
    Ok(report)
}

/// One more member publishes so many messages, and reads them.
fn talk(job: &Job, messages: u32) -> Result<(), String> {
    let mut crowd = Crowd::new(job, 1, 1, 1);
    let mut swarm = Swarm::new(job)?;
    swarm.open(vec![Member { room: 0, since: None }], &mut crowd)?;
    let envelope = job.dialect.envelope(0);
    for _ in 0..messages {
        crowd.publish(&mut swarm, 0, 0, &envelope.before, &envelope.after, clock::now());
    }
    let deadline = clock::now() + PATIENCE;
    while crowd.publications.under_way > 0 {
        if clock::now() > deadline {
            return Err("what was to be missed did not come".into());
        }
        swarm.turn(deadline, &mut crowd);
    }
    Ok(())
}
