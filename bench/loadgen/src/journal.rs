//! Whether what one client reads is whole and in order.

/// How far back a repetition is told from a message that comes late.
const REMEMBERED: u32 = 64;

#[derive(Clone, Copy)]
pub struct Journal {
    next: u32,
    /// Which of the last ones came: bit 0 stands for `next - 1`.
    came: u64,
}

#[derive(Default)]
pub struct Trouble {
    pub lost: u64,
    pub reordered: u64,
    pub duplicate: u64,
}

impl Journal {
    pub fn new(next: u32) -> Journal {
        Journal { next, came: u64::MAX }
    }

    pub fn arrived(&mut self, sequence: u32, trouble: &mut Trouble) {
        if sequence >= self.next {
            let skipped = sequence - self.next;
            self.came = self.came.checked_shl(skipped + 1).unwrap_or(0) | 1;
            self.next = sequence + 1;
            trouble.lost += skipped as u64;
            return;
        }
        let back = self.next - 1 - sequence;
        if back < REMEMBERED && self.came >> back & 1 == 0 {
            self.came |= 1 << back;
            trouble.lost -= 1;
            trouble.reordered += 1;
        } else {
            trouble.duplicate += 1;
        }
    }

    /// How many of the `published` never came after the last one that did.
    pub fn behind(&self, published: u32) -> u32 {
        published.saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_late_or_repeated_is_told_apart() {
        let mut trouble = Trouble::default();
        let mut journal = Journal::new(0);
        for sequence in [0, 1, 4, 2, 2, 5, 0] {
            journal.arrived(sequence, &mut trouble);
        }
        assert_eq!((trouble.lost, trouble.reordered, trouble.duplicate), (1, 1, 2));
        assert_eq!(journal.behind(8), 2);
    }

    #[test]
    fn a_long_gap_is_counted() {
        let mut trouble = Trouble::default();
        let mut journal = Journal::new(0);
        journal.arrived(200, &mut trouble);
        assert_eq!(trouble.lost, 200);
        journal.arrived(199, &mut trouble);
        assert_eq!((trouble.lost, trouble.reordered), (199, 1));
    }
}
