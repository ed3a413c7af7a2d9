//! Block RAM with one write port and one read port, both on the same clock.
//!
//! This is a leaf cell: its Verilog is written by hand, because the emission cannot give a memory its
//! `ram_style`. The Rust model below reports the same.

use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// Simple dual-port block RAM of `2^A` words of type `T`.
///
/// The data of the address that is present at one clock edge is at `read_data` two edges later:
/// the first register is inside the memory array, the second is the block's output register.
/// When the address being read is written at the same edge, the data is **arbitrary**: 7-series block
/// RAM promises nothing there (UG473, "Conflict Avoidance"). The models report it: the proof model returns
/// any value (`FORMAL`), Verilator gets random data and random contents at the start, a 4-state simulator
/// (`DELTASCOPE_SIMULATION`) gets X, and starts with contents of X as every memory does.
#[derive(LogicBlock, SmartDefault)]
pub struct BlockRam<T: Synth, const A: usize> {
    /// The only clock.
    #[default(checked! {
        A >= 1 && A <= 16 => "BlockRam: the address has 1 to 16 bits"
    })]
    pub clock: Signal<In, Clock>,
    /// Word to read.
    pub read_address: Signal<In, Bits<A>>,
    /// The word that was read two edges ago.
    pub read_data: Signal<Out, T>,
    /// Writes `write_data` at the next edge.
    pub write_enable: Signal<In, Bit>,
    /// Word to write.
    pub write_address: Signal<In, Bits<A>>,
    /// The new word.
    pub write_data: Signal<In, T>,
    #[default(vec![Default::default(); 1 << A])]
    _words: Vec<T>,
    _array_register: T,
    _output_register: T,
}

impl<T: Synth, const A: usize> Logic for BlockRam<T, A> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let (read, write) = (self.read_address.val().index(), self.write_address.val().index());
            self._output_register = self._array_register;
            // A collision returns what this model never stores on purpose: the reset value.
            let collision = self.write_enable.val() && read == write;
            self._array_register = if collision { T::default() } else { self._words[read] };
            if self.write_enable.val() {
                self._words[write] = self.write_data.val();
            }
        }
        self.read_data.next = self._output_register;
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(verilog(A, T::BITS))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "block_ram".into(),
            clock: "clock".into(),
            inputs: ["read_address", "write_enable", "write_address", "write_data"].map(Into::into).into(),
            outputs: vec!["read_data".into()],
        }]
    }
}

/// The body of the module for `2^address_bits` words of `width` bits.
fn verilog(address_bits: usize, width: usize) -> String {
    let (words, top) = (1_usize << address_bits, width - 1);
    let random = vec!["$urandom"; width.div_ceil(32)].join(", ");
    format!(
        "\
// @module block_ram_{words}x{width}
// {words} words of {width} bits; read data two clocks after the address.
// A read of the word that is written in the same clock returns arbitrary data.
(* ram_style = \"block\" *) reg [{top}:0] memory [0:{last}];
reg [{top}:0] array_register;
wire collision = write_enable && (read_address == write_address);
`ifdef FORMAL
(* anyseq *) wire [{top}:0] arbitrary_word;
// One arbitrary address that never changes, and the word there: what a proof speaks about.
(* anyconst *) wire [{address_top}:0] watched_address;
wire [{top}:0] watched_word = memory[watched_address];
`else
`ifdef VERILATOR
function automatic [{top}:0] random_word(input integer unused);
   reg [{random_top}:0] random_bits;
   begin
      random_bits = {{{random}}};
      random_word = random_bits[{top}:0];
   end
endfunction
integer word;
initial begin
   for (word = 0; word < {words}; word = word + 1) memory[word] = random_word(word);
   array_register = random_word(0);
   read_data = random_word(0);
end
`endif
`endif
always @(posedge clock) begin
   if (write_enable) memory[write_address] <= write_data;
   read_data <= array_register;
`ifdef FORMAL
   array_register <= collision ? arbitrary_word : memory[read_address];
`elsif VERILATOR
   if (collision) array_register <= random_word(0);
   else array_register <= memory[read_address];
`elsif DELTASCOPE_SIMULATION
   array_register <= collision ? {{{width}{{1'bx}}}} : memory[read_address];
`else
   array_register <= memory[read_address];
`endif
end
",
        last = words - 1,
        address_top = address_bits - 1,
        random_top = 32 * width.div_ceil(32) - 1,
    )
}
