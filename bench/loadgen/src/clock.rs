//! One monotonic clock, in nanoseconds since the first look at it.
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub const SECOND: u64 = 1_000_000_000;

pub fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

pub fn nanoseconds(seconds: f64) -> u64 {
    Duration::from_secs_f64(seconds).as_nanos() as u64
}
