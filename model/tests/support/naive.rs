//! The engine a second time, as plainly as possible: numbers of any size, maps for tables, a history that
//! forgets nothing, beats taken apart and put together bit by bit. It shares no code with the golden engine.

use std::collections::BTreeMap;

const TWO_64: u128 = 1 << 64;

/// Sizes and everything that ever happened.
pub struct Naive {
    pub contexts: u128,
    pub groups: u128,
    pub lanes: u128,
    pub depth: u128,
    pub packet: u32,
    /// (R, A) of the contexts that were touched.
    pub table: BTreeMap<u128, (u128, u128)>,
    /// Events, bytes, redundant events, redundant bytes by (group, class), never wrapped.
    pub counters: BTreeMap<(u128, u128), [u128; 4]>,
    /// Every delta since reset: context, state before ^ state after.
    pub deltas: Vec<(u128, u128)>,
    pub accepted: u128,
    pub rejected: u64,
    pub by_op: [u64; 10],
    pub beats: u64,
    since: u32,
}

fn bits(beat: u128, high: u32, low: u32) -> u128 {
    (beat >> low) & ((1 << (high - low + 1)) - 1)
}

impl Naive {
    pub fn new(contexts: u128, groups: u128, lanes: u128, depth: u128, packet: u32) -> Naive {
        Naive {
            contexts,
            groups,
            lanes,
            depth,
            packet,
            table: BTreeMap::new(),
            counters: BTreeMap::new(),
            deltas: Vec::new(),
            accepted: 0,
            rejected: 0,
            by_op: [0; 10],
            beats: 0,
            since: 0,
        }
    }

    /// Takes an input beat; gives the output beats, each with its TLAST.
    pub fn take(&mut self, beat: u128, tlast: bool) -> Vec<(u128, bool)> {
        self.accepted += 1;
        let mut out = Vec::new();
        if self.rejects(beat) {
            self.rejected += 1;
        } else {
            self.by_op[bits(beat, 3, 0) as usize] += 1;
            self.apply(beat, &mut out);
        }
        let mut answers: Vec<_> = out.into_iter().map(|beat| (beat, false)).collect();
        if tlast {
            answers.push((self.position_bits() | (self.accepted << 64), true));
        }
        for (_, last) in &mut answers {
            self.beats += 1;
            self.since += 1;
            *last |= self.since == self.packet;
            if *last {
                self.since = 0;
            }
        }
        answers
    }

    fn rejects(&self, beat: u128) -> bool {
        let (context, group) = (bits(beat, 39, 24), bits(beat, 23, 8));
        let (first, last) = (bits(beat, 79, 64), bits(beat, 95, 80));
        match bits(beat, 3, 0) {
            0 | 8 => false,
            1..=4 => context >= self.contexts,
            5 => group >= self.groups,
            6 => context >= self.contexts || group >= self.groups,
            7 => first > last || last >= self.groups,
            9 => context >= self.contexts || self.lanes == 0,
            _ => true,
        }
    }

    fn position_bits(&self) -> u128 {
        (self.deltas.len() as u128 % (1 << 24)) << 40
    }

    fn apply(&mut self, beat: u128, out: &mut Vec<u128>) {
        let op = bits(beat, 3, 0);
        let operand = bits(beat, 127, 64);
        let context = bits(beat, 39, 24);
        let (r, a) = self.table.get(&context).copied().unwrap_or((0, 0));
        let next = match op {
            1 | 6 => Some((operand, 0)),
            2 => Some((r, a ^ operand)),
            4 if bits(beat, 5, 5) == 1 => Some((r ^ a, 0)),
            4 => Some((operand, 0)),
            _ => None,
        };
        if let Some((new_r, new_a)) = next {
            self.table.insert(context, (new_r, new_a));
            self.deltas.push((context, r ^ a ^ new_r ^ new_a));
        }
        match op {
            5 => self.count(beat, bits(operand, 31, 0) == bits(operand, 63, 32)),
            6 => self.count(beat, r ^ a == operand),
            _ => {}
        }
        let source = beat & 0xFF_FFFF_FFC0;
        match op {
            3 => out.push(op | (u128::from(a == 0) << 4) | source | self.position_bits() | ((r ^ a) << 64)),
            1 | 2 | 4 | 6 if bits(beat, 4, 4) == 1 => {
                out.push(op | (u128::from(a == 0) << 4) | source | self.position_bits() | ((r ^ a) << 64));
            }
            7 => {
                let (first, last) = (bits(beat, 79, 64), bits(beat, 95, 80));
                out.push(op | (first << 8) | (last << 24) | self.position_bits() | (self.accepted << 64));
                for row in (first..=last).flat_map(|group| (0..4).map(move |class| (group, class))) {
                    let [events, bytes, redundant, waste] = self.counters.get(&row).copied().unwrap_or_default();
                    out.push((events % (1 << 48)) | ((bytes % TWO_64) << 64));
                    out.push((redundant % (1 << 48)) | ((waste % TWO_64) << 64));
                }
            }
            8 => out.push(op | self.position_bits() | (operand << 64)),
            9 => {
                let j = self.deltas.len() as u128;
                let back = (j + TWO_64 - operand) % TWO_64;
                let too_old = back > j.min(self.lanes * self.depth);
                let value = if too_old { 0 } else { self.sum_since(context, operand) };
                out.push(op | (u128::from(too_old) << 5) | source | self.position_bits() | (value << 64));
            }
            _ => {}
        }
    }

    /// XOR of the deltas of `context` after position `mark`.
    fn sum_since(&self, context: u128, mark: u128) -> u128 {
        let newer = self.deltas.iter().skip(mark as usize);
        newer.filter(|(whose, _)| *whose == context).fold(0, |sum, (_, delta)| sum ^ delta)
    }

    fn count(&mut self, beat: u128, redundant: bool) {
        let class = bits(beat, 7, 6);
        let row = self.counters.entry((bits(beat, 23, 8), class)).or_default();
        let length = bits(beat, 63, 40);
        row[0] += 1;
        row[1] += length;
        if redundant && class != 3 {
            row[2] += 1;
            row[3] += length;
        }
    }
}
