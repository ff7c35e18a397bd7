//! What was published, when, and by how many it is still awaited.
use std::collections::VecDeque;

#[derive(Clone, Copy, Default)]
struct Slot {
    sequence: u32,
    awaited: u32,
    /// When it was sent, or was to be.
    at: u64,
}

pub struct Publications {
    readers: u32,
    /// Slots a room, a power of two: how many messages may be under way before the oldest is no longer timed.
    ring: usize,
    slots: Vec<Slot>,
    pub published: Vec<u32>,
    /// Rooms in which another message may be sent.
    pub idle: VecDeque<u32>,
    pub under_way: u64,
}

/// Slots of all rooms together.
const SLOTS: usize = 1 << 18;

impl Publications {
    pub fn new(rooms: usize, readers: usize) -> Publications {
        let ring = (SLOTS / rooms).next_power_of_two().min(1 << 14);
        Publications {
            readers: readers as u32,
            ring,
            slots: vec![Slot::default(); rooms * ring],
            published: vec![0; rooms],
            idle: VecDeque::new(),
            under_way: 0,
        }
    }

    pub fn publish(&mut self, room: u32, at: u64) -> u32 {
        let sequence = self.published[room as usize];
        self.published[room as usize] += 1;
        self.under_way += 1;
        *self.slot(room, sequence) = Slot { sequence, awaited: self.readers, at };
        sequence
    }

    /// One member has it. Answers when it was sent, unless that is too long ago.
    pub fn arrived(&mut self, room: u32, sequence: u32) -> Option<u64> {
        let slot = self.slot(room, sequence);
        if slot.sequence != sequence || slot.awaited == 0 {
            return None;
        }
        slot.awaited -= 1;
        let (at, over) = (slot.at, slot.awaited == 0);
        if over {
            self.under_way -= 1;
            self.idle.push_back(room);
        }
        Some(at)
    }

    /// Waits for nothing any more. Answers how many messages were not with everybody.
    pub fn abandon(&mut self) -> u64 {
        for (index, slot) in self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.awaited > 0) {
            slot.awaited = 0;
            self.idle.push_back((index / self.ring) as u32);
        }
        std::mem::take(&mut self.under_way)
    }

    fn slot(&mut self, room: u32, sequence: u32) -> &mut Slot {
        &mut self.slots[room as usize * self.ring + (sequence as usize & (self.ring - 1))]
    }
}
