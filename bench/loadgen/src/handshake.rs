//! The opening handshake.
use std::net::SocketAddr;

const KEY: &str = "cGFybG9yLWxvYWRnZW4tMQ==";

pub fn request(address: SocketAddr, path: &str, subprotocol: Option<&str>) -> String {
    let offer = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
    )
}

/// How many bytes the answer has; None where it is not whole yet.
pub fn answered(bytes: &[u8], subprotocol: Option<&str>) -> Result<Option<usize>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 101 ") {
        return Err(format!("the handshake was refused: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(300)])));
    }
    match subprotocol {
        Some(name) if !head.contains(&format!("sec-websocket-protocol: {name}")) => {
            Err(format!("{name} was not agreed to"))
        }
        _ => Ok(Some(end + 4)),
    }
}
