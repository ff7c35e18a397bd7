//! Rooms in which somebody publishes, saturated or at a given pace. Echo is a room of one.
use super::crowd::Crowd;
use crate::clock::{self, nanoseconds, SECOND};
use crate::dialect::Envelope;
use crate::job::{Job, Load, Task};
use crate::pace::Schedule;
use crate::process::{self, Snapshot};
use crate::report::Report;
use crate::swarm::{Member, Swarm};

/// After the last one joined: servers may subscribe a little after they answered.
const SETTLE: u64 = SECOND / 2;
/// A message that is not with everybody by then is given up.
const TIMEOUT: u64 = 2 * SECOND;
/// How long is waited for what was not delivered by the end.
const DRAIN: u64 = 5 * SECOND;

pub fn run(job: &Job) -> Result<Report, String> {
    let Task::Fan { rooms, members, stalled, load, warmup, duration } = &job.task else {
        return Err("not a fan".into());
    };
    if *stalled >= *members || *rooms == 0 {
        return Err("a room needs a member that reads".into());
    }
    let reads = |index: usize| index % members < members - stalled;
    let mut report = Report { rss_before: process::memory(job.pid).0, ..Report::default() };
    let mut crowd = Crowd::new(job, *rooms, *members, members - stalled);
    let mut swarm = Swarm::new(job)?;
    let everybody = (0..rooms * members).map(|index| Member { room: (index / members) as u32, since: None });
    swarm.open(everybody.collect(), &mut crowd)?;
    swarm.wait(clock::now() + SETTLE, &mut crowd);
    for index in (0..rooms * members).filter(|index| !reads(*index)) {
        swarm.stall(index)?;
    }
    let start = clock::now();
    crowd.window = start + nanoseconds(*warmup)..start + nanoseconds(warmup + duration);
    let mut source = Source::new(job, load, *rooms, *members, &mut crowd, start);
    let from = until(&mut swarm, &mut crowd, &mut source, job.pid, true);
    let to = until(&mut swarm, &mut crowd, &mut source, job.pid, false);
    (report.rss, report.rss_peak) = process::memory(job.pid);
    let deadline = clock::now() + DRAIN;
    while crowd.publications.under_way > 0 && clock::now() < deadline {
        swarm.turn(deadline, &mut crowd);
    }
    report.used(&from, &to, crowd.deliveries);
    report.latency = crowd.times.latency();
    report.given_up = source.given_up;
    crowd.judge(&swarm, reads, &mut report);
    Ok(report)
}

/// Publishes and reads until the window begins, or ends. Answers what was used by then.
fn until(swarm: &mut Swarm, crowd: &mut Crowd, source: &mut Source, pid: u32, begins: bool) -> Snapshot {
    let edge = if begins { crowd.window.start } else { crowd.window.end };
    while clock::now() < edge {
        let next = source.publish(swarm, crowd);
        swarm.turn(next.min(edge), crowd);
    }
    let snapshot = process::snapshot(pid);
    // Deliveries and CPU are counted over the same time.
    if begins {
        crowd.window.start = snapshot.at;
    }
    snapshot
}

struct Source {
    pace: Pace,
    members: usize,
    envelopes: Vec<Envelope>,
    given_up: u64,
    turn: usize,
}

enum Pace {
    /// So many messages are under way. Rooms wait in `Publications::idle` until their last one is with everybody.
    Closed {
        in_flight: u64,
    },
    Open(Schedule),
}

impl Source {
    fn new(job: &Job, load: &Load, rooms: usize, members: usize, crowd: &mut Crowd, start: u64) -> Source {
        let pace = match load {
            Load::Open { per_second, burst } => Pace::Open(Schedule::new(*per_second, *burst, start)),
            Load::Closed { in_flight } => {
                crowd.publications.idle.extend((0..rooms.max(*in_flight)).map(|index| (index % rooms) as u32));
                crowd.heard = start;
                Pace::Closed { in_flight: *in_flight as u64 }
            }
        };
        let envelopes = (0..rooms as u32).map(|room| job.dialect.envelope(room)).collect();
        Source { pace, members, envelopes, given_up: 0, turn: 0 }
    }

    /// Publishes what is due. Answers when to look again.
    fn publish(&mut self, swarm: &mut Swarm, crowd: &mut Crowd) -> u64 {
        match self.pace {
            Pace::Closed { in_flight } => self.refill(in_flight, swarm, crowd),
            Pace::Open(ref mut schedule) => {
                while schedule.next() <= clock::now() {
                    let due = schedule.next();
                    for _ in 0..schedule.advance() {
                        let room = self.turn % self.envelopes.len();
                        self.turn += 1;
                        say(&self.envelopes[room], swarm, crowd, room as u32, self.members, due);
                    }
                }
                schedule.next()
            }
        }
    }

    fn refill(&mut self, in_flight: u64, swarm: &mut Swarm, crowd: &mut Crowd) -> u64 {
        let now = clock::now();
        if crowd.publications.under_way > 0 && now.saturating_sub(crowd.heard) > TIMEOUT {
            self.given_up += crowd.publications.abandon();
            crowd.heard = now;
        }
        while crowd.publications.under_way < in_flight {
            let Some(room) = crowd.publications.idle.pop_front() else { break };
            say(&self.envelopes[room as usize], swarm, crowd, room, self.members, clock::now());
        }
        now + SECOND / 4
    }
}

fn say(envelope: &Envelope, swarm: &mut Swarm, crowd: &mut Crowd, room: u32, members: usize, due: u64) {
    crowd.publish(swarm, room as usize * members, room, &envelope.before, &envelope.after, due);
}
