//! WebSocket clients on one thread: they publish, count what arrives, and print one line of JSON. See bench/README.md.
mod clock;
mod dialect;
mod frames;
mod handshake;
mod job;
mod journal;
mod marker;
mod pace;
mod process;
mod publications;
mod report;
mod scenarios;
mod socket;
mod swarm;

use std::process::ExitCode;

const USAGE: &str =
    "loadgen '{\"address\":\"127.0.0.1:3000\",\"path\":\"/ws\",\"dialect\":\"parlor\",\"pid\":1234,\"task\":{...}}'";

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("loadgen: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let text = std::env::args().nth(1).ok_or(USAGE)?;
    let job: job::Job = serde_json::from_str(&text).map_err(|why| format!("{why}\nusage: {USAGE}"))?;
    let report = scenarios::run(&job)?;
    serde_json::to_string(&report).map_err(|why| why.to_string())
}
