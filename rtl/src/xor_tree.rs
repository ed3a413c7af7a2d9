//! XOR of up to 18 words in two registered stages.

use crate::comment;
use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Most words that two stages can take: three groups of six.
pub const MOST_WORDS: usize = 18;

/// The XOR of `N` words of 64 bits, two clocks later.
///
/// A LUT of a 7-series device has six inputs: the first stage XORs up to six words, the second up to
/// three such sums. Either is one LUT between registers.
#[derive(LogicBlock, SmartDefault)]
pub struct XorTree<const N: usize> {
    /// Clock.
    #[default(checked! {
        N >= 1 && N <= MOST_WORDS => "XorTree: 1 to 18 words, two stages of six and three"
    })]
    pub clock: Signal<In, Clock>,
    /// The words.
    #[default(std::array::from_fn(|_| Default::default()))]
    pub words: [Signal<In, Bits<64>>; N],
    /// Their XOR two clocks ago.
    pub sum: Signal<Out, Bits<64>>,

    #[default(std::array::from_fn(|_| Default::default()))]
    padded: [Signal<Local, Bits<64>>; MOST_WORDS],
    six: [DFF<Bits<64>>; 3],
    whole: DFF<Bits<64>>,
    #[default(Constant::new((N as u64).into()))]
    word_count: Constant<Bits<8>>,
}

impl<const N: usize> Logic for XorTree<N> {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("@module xor_tree_{word_count}");
        comment!("Places without a word XOR zero.");
        for i in 0..18 {
            self.padded[i].next = 0.into();
        }
        for i in 0..N {
            self.padded[i].next = self.words[i].val();
        }
        comment!("First stage: six words each.");
        for g in 0..3 {
            self.six[g].clock.next = self.clock.val();
            self.six[g].d.next = self.padded[6 * g].val()
                ^ self.padded[6 * g + 1].val()
                ^ self.padded[6 * g + 2].val()
                ^ self.padded[6 * g + 3].val()
                ^ self.padded[6 * g + 4].val()
                ^ self.padded[6 * g + 5].val();
        }
        comment!("Second stage.");
        self.whole.clock.next = self.clock.val();
        self.whole.d.next = self.six[0].q.val() ^ self.six[1].q.val() ^ self.six[2].q.val();
        self.sum.next = self.whole.q.val();
    }
}
