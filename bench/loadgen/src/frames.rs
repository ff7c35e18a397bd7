//! WebSocket frames, as a client writes and reads them.
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Nobody listens in on the loopback interface: one mask does for all.
const MASK: [u8; 4] = [0xa5, 0x17, 0xc3, 0x6e];

/// Appends one frame whose payload is all parts, one after the other.
pub fn write(out: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(FIN | opcode);
    match length {
        0..=125 => out.push(MASKED | length as u8),
        126..=0xffff => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    for part in parts {
        out.extend_from_slice(part);
    }
    for (byte, mask) in out[start..].iter_mut().zip(MASK.iter().cycle()) {
        *byte ^= mask;
    }
}

pub enum Next<'a> {
    /// `size` bytes hold a frame.
    Frame {
        opcode: u8,
        payload: &'a [u8],
        size: usize,
    },
    /// The frame is not whole before there are `size` bytes.
    Partial {
        size: usize,
    },
    Broken(&'static str),
}

pub fn next(bytes: &[u8]) -> Next<'_> {
    if bytes.len() < 2 {
        return Next::Partial { size: 2 };
    }
    if bytes[0] & FIN == 0 {
        return Next::Broken("a fragmented message");
    }
    if bytes[1] & MASKED != 0 {
        return Next::Broken("a masked frame");
    }
    let head = match bytes[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if bytes.len() < head {
        return Next::Partial { size: head };
    }
    let length = match head {
        2 => bytes[1] as usize,
        _ => bytes[2..head].iter().fold(0, |sum, byte| sum << 8 | *byte as usize),
    };
    let size = head + length;
    if bytes.len() < size {
        return Next::Partial { size };
    }
    Next::Frame { opcode: bytes[0] & 0x0f, payload: &bytes[head..size], size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_masked_and_has_its_length() {
        for length in [0usize, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut out = Vec::new();
            write(&mut out, TEXT, &[&payload[..length / 2], &payload[length / 2..]]);
            assert!(matches!(next(&out), Next::Broken("a masked frame")));
            out[1] &= !MASKED;
            match next(&out) {
                Next::Frame { opcode: TEXT, size, .. } => assert_eq!(size, out.len() - 4),
                _ => panic!("no frame of {length} bytes"),
            }
        }
    }

    #[test]
    fn a_cut_frame_says_how_much_is_needed() {
        assert!(matches!(next(&[0x81]), Next::Partial { size: 2 }));
        assert!(matches!(next(&[0x81, 126, 1]), Next::Partial { size: 4 }));
        assert!(matches!(next(&[0x81, 126, 1, 0, b'x']), Next::Partial { size: 260 }));
    }
}
