//! What each server wants to be told, and says.
use crate::job::{Dialect, Job};
use memchr::memmem::find;
use serde::Deserialize;

/// What a frame without messages means to a client.
pub enum Said {
    Nothing,
    Answer(String),
    /// The room is joined.
    Joined,
    Refused(String),
}

/// How a message is published: what stands before and after its content.
pub struct Envelope {
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

#[derive(Deserialize)]
pub struct Joined {
    pub position: serde_json::Value,
    pub recovered: bool,
}

/// The `joined` in a frame of Parlor's.
pub fn joined(text: &[u8]) -> Option<Joined> {
    let line = text.split(|byte| *byte == b'\n').find(|line| find(line, b"\"type\":\"joined\"").is_some())?;
    serde_json::from_slice(line).ok()
}

impl Dialect {
    /// Whether the handshake alone makes one a member.
    pub fn joins_at_once(self) -> bool {
        self == Dialect::Text
    }

    /// What is sent when the handshake is done.
    pub fn greeting(self, job: &Job, room: u32, since: Option<&str>) -> Option<String> {
        match (self, since) {
            (Dialect::Parlor, Some(position)) => {
                Some(format!(r#"{{"type":"join","room":"r{room}","since":{position}}}"#))
            }
            (Dialect::Parlor, None) if !job.path.contains("{room}") => {
                Some(format!(r#"{{"type":"join","room":"r{room}"}}"#))
            }
            (Dialect::Centrifuge, _) => Some(r#"{"id":1,"connect":{}}"#.into()),
            _ => None,
        }
    }

    pub fn hear(self, text: &[u8], room: u32) -> Said {
        let has = |part: &str| find(text, part.as_bytes()).is_some();
        match self {
            Dialect::Text => Said::Nothing,
            Dialect::Parlor if has(r#""type":"joined""#) => Said::Joined,
            Dialect::Parlor if has(r#""type":"error""#) => Said::Refused(String::from_utf8_lossy(text).into()),
            // Asked of who agreed to a subprotocol, where the server can't see what was read (SPEC.md, WS-19).
            Dialect::Parlor if text.starts_with(br#"{"type":"seen""#) => {
                Said::Answer(String::from_utf8_lossy(text).into())
            }
            Dialect::Parlor => Said::Nothing,
            Dialect::SocketIo if text == b"2" => Said::Answer("3".into()),
            Dialect::SocketIo if text.starts_with(b"0{") => Said::Answer("40".into()),
            Dialect::SocketIo if text.starts_with(b"40") => Said::Answer(format!(r#"420["join","r{room}"]"#)),
            Dialect::SocketIo if text.starts_with(b"430") => Said::Joined,
            Dialect::SocketIo => Said::Nothing,
            Dialect::Centrifuge if text == b"{}" => Said::Answer("{}".into()),
            Dialect::Centrifuge if has(r#""error""#) => Said::Refused(String::from_utf8_lossy(text).into()),
            Dialect::Centrifuge if has(r#""connect""#) => {
                Said::Answer(format!(r#"{{"id":2,"subscribe":{{"channel":"r{room}"}}}}"#))
            }
            Dialect::Centrifuge if has(r#""subscribe""#) => Said::Joined,
            Dialect::Centrifuge => Said::Nothing,
        }
    }

    pub fn envelope(self, room: u32) -> Envelope {
        let (before, after) = match self {
            Dialect::Text => (String::new(), ""),
            Dialect::Parlor => (r#"{"type":"chat","content":""#.into(), r#""}"#),
            Dialect::SocketIo => (r#"42["chat",""#.into(), r#""]"#),
            Dialect::Centrifuge => {
                (format!(r#"{{"id":3,"publish":{{"channel":"r{room}","data":{{"content":""#), r#""}}}"#)
            }
        };
        Envelope { before: before.into(), after: after.into() }
    }

    /// The same, so that it is acknowledged; None: this server acknowledges nothing.
    pub fn acknowledged(self, room: u32) -> Option<Envelope> {
        match self {
            Dialect::Text => None,
            Dialect::Parlor => {
                Some(Envelope { before: br#"{"type":"chat","ref":1,"content":""#.into(), after: br#""}"#.into() })
            }
            Dialect::SocketIo => Some(Envelope { before: br#"421["chat",""#.into(), after: br#""]"#.into() }),
            Dialect::Centrifuge => Some(self.envelope(room)),
        }
    }

    pub fn is_ack(self, text: &[u8]) -> bool {
        match self {
            Dialect::Text => false,
            Dialect::Parlor => find(text, br#""type":"ack""#).is_some(),
            Dialect::SocketIo => text.starts_with(b"431"),
            Dialect::Centrifuge => find(text, br#""publish":{"#).is_some(),
        }
    }
}
