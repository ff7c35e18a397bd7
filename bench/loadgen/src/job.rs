//! What is asked of a run: the command line's one argument, as JSON.
use serde::Deserialize;
use std::net::SocketAddr;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Job {
    pub address: SocketAddr,
    /// `{room}` in it stands for the room's name, and then being there is all that joining takes.
    pub path: String,
    pub dialect: Dialect,
    pub subprotocol: Option<String>,
    /// Whose CPU and memory are read, with that of its descendants.
    pub pid: u32,
    /// Bytes of a message's content.
    #[serde(default = "usual_size")]
    pub size: usize,
    /// Handshakes under way at once.
    #[serde(default = "usual_concurrency")]
    pub concurrency: usize,
    pub task: Task,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Every text frame goes to everybody as it is.
    Text,
    Parlor,
    SocketIo,
    Centrifuge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "name")]
pub enum Task {
    /// One member of each room publishes, all read, but for those that stall: the last ones of each room, counted in `members`.
    #[serde(rename_all = "camelCase")]
    Fan {
        rooms: usize,
        members: usize,
        #[serde(default)]
        stalled: usize,
        load: Load,
        /// Seconds.
        warmup: f64,
        duration: f64,
    },
    /// One member publishes, the next message when the last was acknowledged.
    Ack { members: usize, warmup: f64, duration: f64 },
    /// Nobody says anything for so many seconds.
    Idle { members: usize, settle: f64 },
    /// All members lose their connections, miss some messages, and come back at once.
    Reconnect { members: usize, missed: u32 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "kind")]
pub enum Load {
    /// A message is over when every member has it; then comes the next.
    #[serde(rename_all = "camelCase")]
    Closed { in_flight: usize },
    /// So many messages a second, over all rooms, `burst` of them at a time.
    #[serde(rename_all = "camelCase")]
    Open {
        per_second: f64,
        #[serde(default = "one")]
        burst: u32,
    },
}

fn usual_size() -> usize {
    128
}

fn usual_concurrency() -> usize {
    100
}

fn one() -> u32 {
    1
}
