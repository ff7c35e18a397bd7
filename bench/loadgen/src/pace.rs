//! Waking up on time: epoll counts milliseconds, a timer of the kernel counts less.
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::time::{
    timerfd_create, timerfd_settime, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec,
};
use std::io::Result;
use std::time::Duration;

use crate::clock::{self, SECOND};

pub struct Alarm(OwnedFd);

impl Alarm {
    pub fn new(registry: &Registry, token: Token) -> Result<Alarm> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Alarm(timer))
    }

    /// The next wait ends then. Answers its timeout: none at all where the time has come, else long enough for the timer.
    pub fn set(&self, until: u64) -> Option<Duration> {
        let now = clock::now();
        if until <= now {
            return Some(Duration::ZERO);
        }
        let left = until - now;
        let value = Timespec { tv_sec: (left / SECOND) as i64, tv_nsec: (left % SECOND) as _ };
        let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: interval, it_value: value };
        match timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once) {
            Ok(_) => Some(Duration::from_nanos(left) + Duration::from_millis(2)),
            Err(_) => Some(Duration::from_nanos(left)),
        }
    }
}

/// When messages are due that are sent evenly, or so many at a time.
pub struct Schedule {
    interval: f64,
    burst: u32,
    begun: u64,
    ticks: u64,
}

impl Schedule {
    pub fn new(per_second: f64, burst: u32, begun: u64) -> Schedule {
        Schedule { interval: SECOND as f64 * burst as f64 / per_second, burst, begun, ticks: 0 }
    }

    /// When the next ones are due.
    pub fn next(&self) -> u64 {
        self.begun + (self.interval * self.ticks as f64) as u64
    }

    /// Counts these as sent. Answers how many they are.
    pub fn advance(&mut self) -> u32 {
        self.ticks += 1;
        self.burst
    }
}
