mod ack;
mod crowd;
mod fan;
mod idle;
mod reconnect;

use crate::job::{Job, Task};
use crate::report::Report;

pub fn run(job: &Job) -> Result<Report, String> {
    match &job.task {
        Task::Fan { .. } => fan::run(job),
        Task::Ack { members, warmup, duration } => ack::run(job, *members, *warmup, *duration),
        Task::Idle { members, settle } => idle::run(job, *members, *settle),
        Task::Reconnect { members, missed } => reconnect::run(job, *members, *missed),
    }
}
