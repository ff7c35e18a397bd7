//! What a message's content is made of: `|`, room and sequence number in hexadecimal, `|`, and x up to its size. It is found by
//! its bytes alone, wherever in a frame and however many a frame holds.
const BAR: u8 = b'|';
const ROOM: usize = 6;
const SEQUENCE: usize = 8;
pub const LENGTH: usize = 1 + ROOM + SEQUENCE + 1;

/// Writes the marker of a message at the beginning of its content.
pub fn write(content: &mut [u8], room: u32, sequence: u32) {
    content[0] = BAR;
    hexadecimal(&mut content[1..1 + ROOM], room);
    hexadecimal(&mut content[1 + ROOM..LENGTH - 1], sequence);
    content[LENGTH - 1] = BAR;
}

pub fn content(size: usize) -> Vec<u8> {
    vec![b'x'; size.max(LENGTH)]
}

pub enum Found {
    Message {
        room: u32,
        sequence: u32,
    },
    /// Something that begins like a message and is not one, or not all of it.
    Damaged,
}

/// Calls for every message in a frame, in order. Answers how many there were.
pub fn each(frame: &[u8], filler: &[u8], mut found: impl FnMut(Found)) -> usize {
    let size = filler.len();
    let mut at = 0;
    let mut count = 0;
    while let Some(skip) = memchr::memchr(BAR, &frame[at..]) {
        at += skip;
        count += 1;
        let whole =
            frame.get(at..at + size).filter(|bytes| bytes[LENGTH - 1] == BAR && bytes[LENGTH..] == filler[LENGTH..]);
        match whole {
            Some(bytes) => {
                let room = number(&bytes[1..1 + ROOM]);
                let sequence = number(&bytes[1 + ROOM..LENGTH - 1]);
                found(Found::Message { room, sequence });
                at += size;
            }
            None => {
                found(Found::Damaged);
                at += 1;
            }
        }
    }
    count
}

fn hexadecimal(digits: &mut [u8], number: u32) {
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| {
        let value = if *digit >= b'a' { digit - b'a' + 10 } else { digit.wrapping_sub(b'0') };
        sum << 4 | value as u32 & 15
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_in_any_frame() {
        let filler = content(32);
        let mut text = b"{\"content\":\"".to_vec();
        for sequence in [0xdead_beef, 7] {
            let mut one = content(32);
            write(&mut one, 0x00ab_cdef, sequence);
            text.extend_from_slice(&one);
            text.extend_from_slice(b"\"}\n{\"content\":\"");
        }
        text.extend_from_slice(b"|0000");
        let mut seen = Vec::new();
        let count = each(&text, &filler, |found| {
            seen.push(match found {
                Found::Message { room, sequence } => Some((room, sequence)),
                Found::Damaged => None,
            })
        });
        assert_eq!(count, 3);
        assert_eq!(seen, [Some((0x00ab_cdef, 0xdead_beef)), Some((0x00ab_cdef, 7)), None]);
    }
}
