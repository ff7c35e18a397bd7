//! From publishing to the acknowledgement, one message at a time.
use super::crowd::Crowd;
use crate::clock::{self, nanoseconds, SECOND};
use crate::job::{Dialect, Job};
use crate::process;
use crate::report::{Report, Times};
use crate::swarm::{Listener, Member, Swarm};

/// The first member publishes.
const PUBLISHER: usize = 0;

struct Waiting {
    crowd: Crowd,
    dialect: Dialect,
    /// When the answer came.
    acknowledged: Option<u64>,
}

impl Listener for Waiting {
    fn text(&mut self, socket: usize, text: &[u8], at: u64) -> bool {
        let is_ack = socket == PUBLISHER && self.dialect.is_ack(text);
        if is_ack {
            self.acknowledged = Some(at);
        }
        self.crowd.text(socket, text, at) || is_ack
    }
}

pub fn run(job: &Job, members: usize, warmup: f64, duration: f64) -> Result<Report, String> {
    let envelope = job.dialect.acknowledged(0).ok_or("this server acknowledges nothing")?;
    let mut report = Report { rss_before: process::memory(job.pid).0, ..Report::default() };
    let mut waiting = Waiting { crowd: Crowd::new(job, 1, members, members), dialect: job.dialect, acknowledged: None };
    let mut swarm = Swarm::new(job)?;
    swarm.open((0..members).map(|_| Member { room: 0, since: None }).collect(), &mut waiting)?;
    let begin = clock::now() + nanoseconds(warmup);
    let end = begin + nanoseconds(duration);
    let mut from = None;
    let mut times = Times::new();
    while clock::now() < end {
        let sent = clock::now();
        if from.is_none() && sent >= begin {
            from = Some(process::snapshot(job.pid));
            waiting.crowd.window = begin..end;
        }
        waiting.crowd.publish(&mut swarm, PUBLISHER, 0, &envelope.before, &envelope.after, sent);
        let at = acknowledged(&mut swarm, &mut waiting)?;
        if from.is_some() {
            times.record(at - sent);
        }
    }
    let to = process::snapshot(job.pid);
    (report.rss, report.rss_peak) = process::memory(job.pid);
    let deadline = clock::now() + SECOND;
    while waiting.crowd.publications.under_way > 0 && clock::now() < deadline {
        swarm.turn(deadline, &mut waiting);
    }
    report.used(from.as_ref().unwrap_or(&to), &to, waiting.crowd.deliveries);
    report.latency = times.latency();
    waiting.crowd.judge(&swarm, |_| true, &mut report);
    Ok(report)
}

fn acknowledged(swarm: &mut Swarm, waiting: &mut Waiting) -> Result<u64, String> {
    let deadline = clock::now() + 2 * SECOND;
    loop {
        if let Some(at) = waiting.acknowledged.take() {
            return Ok(at);
        }
        if clock::now() > deadline {
            return Err("a message was not acknowledged within 2 s".into());
        }
        swarm.turn(deadline, waiting);
    }
}
