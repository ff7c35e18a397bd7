//! Members of whom nobody says anything: what a connection costs.
use super::crowd::Crowd;
use crate::clock::{self, nanoseconds};
use crate::job::Job;
use crate::process;
use crate::report::Report;
use crate::swarm::{Member, Swarm};

pub fn run(job: &Job, members: usize, settle: f64) -> Result<Report, String> {
    let mut report = Report { rss_before: process::memory(job.pid).0, ..Report::default() };
    let mut crowd = Crowd::new(job, 1, members, members);
    let mut swarm = Swarm::new(job)?;
    let before = process::snapshot(job.pid);
    swarm.open((0..members).map(|_| Member { room: 0, since: None }).collect(), &mut crowd)?;
    report.used(&before, &process::snapshot(job.pid), members as u64);
    swarm.wait(clock::now() + nanoseconds(settle), &mut crowd);
    (report.rss, report.rss_peak) = process::memory(job.pid);
    crowd.judge(&swarm, |_| true, &mut report);
    Ok(report)
}
