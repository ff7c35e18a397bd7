//! What /proc says of the server, of this process and of the machine. Linux counts CPU in hundredths of a second there.
use crate::clock;
use std::fs;

const TICKS: f64 = 100.0;

pub struct Snapshot {
    pub at: u64,
    /// CPU seconds.
    pub user: f64,
    pub system: f64,
    pub own: f64,
    pub busy: f64,
    pub stolen: f64,
}

pub fn snapshot(pid: u32) -> Snapshot {
    let processes = family(pid);
    let at = clock::now();
    let (mut user, mut system) = (0.0, 0.0);
    for process in processes {
        let (own_user, own_system) = cpu(process);
        user += own_user;
        system += own_system;
    }
    let (own_user, own_system) = cpu(std::process::id());
    let (busy, stolen) = machine();
    Snapshot { at, user, system, own: own_user + own_system, busy, stolen }
}

/// Bytes in memory, now and at most, of the process and its descendants.
pub fn memory(pid: u32) -> (u64, u64) {
    let statuses =
        family(pid).into_iter().filter_map(|process| fs::read_to_string(format!("/proc/{process}/status")).ok());
    statuses.fold((0, 0), |(now, peak), status| (now + bytes(&status, "VmRSS:"), peak + bytes(&status, "VmHWM:")))
}

fn bytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        * 1024
}

/// The fields of a process's stat line after its name.
fn fields(pid: u32) -> Option<Vec<f64>> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    Some(rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect())
}

fn cpu(pid: u32) -> (f64, f64) {
    fields(pid).map_or((0.0, 0.0), |found| (found[11] / TICKS, found[12] / TICKS))
}

/// The process and all its descendants.
fn family(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = pids.filter_map(|child| Some((child, fields(child)?[1] as u32))).collect();
    let mut members = vec![pid];
    let mut next = 0;
    while let Some(parent) = members.get(next).copied() {
        members.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| child));
        next += 1;
    }
    members
}

/// Seconds that all CPUs were busy, and seconds that the machine wanted and did not get.
fn machine() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0.0)).collect();
    let [user, nice, system, _, _, irq, softirq, stolen, ..] = ticks[..] else { return (0.0, 0.0) };
    ((user + nice + system + irq + softirq) / TICKS, stolen / TICKS)
}
