//! What a run prints.
use crate::process::Snapshot;
use hdrhistogram::Histogram;
use serde::Serialize;

/// The share of a core from which on this process may have held up what it measures.
const BOUND: f64 = 0.9;

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Seconds over which was counted.
    pub seconds: f64,
    pub published: u64,
    pub deliveries: u64,
    /// Text frames that held them.
    pub frames: u64,
    pub cpu: Option<Cpu>,
    pub latency: Option<Latency>,
    /// Bytes in the server's memory: before anybody connected, at the end, at most.
    pub rss_before: u64,
    pub rss: u64,
    pub rss_peak: u64,
    pub lost: u64,
    pub reordered: u64,
    pub duplicate: u64,
    pub damaged: u64,
    /// Connections that the server ended.
    pub closed: u64,
    /// Messages that were not with everybody within two seconds (closed loop).
    pub given_up: u64,
    pub connections: u64,
    /// Of those that came back: how many were told that they missed nothing.
    pub recovered: Option<u64>,
    pub generator_cores: f64,
    pub generator_bound: bool,
    pub machine_cores: f64,
    pub stolen_cores: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Seconds.
    pub user: f64,
    pub system: f64,
    pub per_million: f64,
    pub cores: f64,
}

/// Milliseconds.
#[derive(Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

pub struct Times(Histogram<u64>);

impl Times {
    /// Microseconds to a minute, to three digits.
    pub fn new() -> Times {
        Times(Histogram::new_with_bounds(1, 60_000_000, 3).expect("these are bounds"))
    }

    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds / 1000);
    }

    pub fn latency(&self) -> Option<Latency> {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1000.0;
        (!self.0.is_empty()).then(|| Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1.0) })
    }
}

impl Report {
    /// What was used between two looks, for so many deliveries.
    pub fn used(&mut self, from: &Snapshot, to: &Snapshot, deliveries: u64) {
        let seconds = (to.at - from.at) as f64 / 1e9;
        let (user, system) = (to.user - from.user, to.system - from.system);
        let per_million = (user + system) / deliveries.max(1) as f64 * 1e6;
        self.seconds = seconds;
        self.deliveries = deliveries;
        self.cpu = Some(Cpu { user, system, per_million, cores: (user + system) / seconds });
        self.generator_cores = (to.own - from.own) / seconds;
        self.generator_bound = self.generator_cores > BOUND;
        self.machine_cores = (to.busy - from.busy) / seconds;
        self.stolen_cores = (to.stolen - from.stolen) / seconds;
    }
}
