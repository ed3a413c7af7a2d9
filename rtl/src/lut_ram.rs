//! Distributed RAM: synchronous write, asynchronous read.
//!
//! A leaf cell with Verilog written by hand, because the emission cannot give a memory its `ram_style`.

use rust_hdl::prelude::*;
use smart_default::SmartDefault;

/// `2^A` words of `W` bits in LUTs.
///
/// A word that is written at an edge can be read from the next clock on; a read in the clock of the
/// write returns the old word. The contents are undefined until written (random in Verilator).
#[derive(LogicBlock, SmartDefault)]
pub struct LutRam<const A: usize, const W: usize> {
    /// The clock of the write port.
    #[default(checked! {
        A >= 1 && A <= 10 => "LutRam: the address has 1 to 10 bits; larger memories belong in block RAM";
        W >= 1 => "LutRam: a word has at least one bit"
    })]
    pub clock: Signal<In, Clock>,
    /// Writes `write_data` at the next edge.
    pub write_enable: Signal<In, Bit>,
    /// Word to write.
    pub write_address: Signal<In, Bits<A>>,
    /// The new word.
    pub write_data: Signal<In, Bits<W>>,
    /// Word to read.
    pub read_address: Signal<In, Bits<A>>,
    /// The word at `read_address`, in the same clock.
    pub read_data: Signal<Out, Bits<W>>,
    #[default(vec![Default::default(); 1 << A])]
    _words: Vec<Bits<W>>,
}

impl<const A: usize, const W: usize> Logic for LutRam<A, W> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write_enable.val() {
            let write = self.write_address.val().index();
            self._words[write] = self.write_data.val();
        }
        self.read_data.next = self._words[self.read_address.val().index()];
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(verilog(A, W))
    }
}

/// The body of the module for `2^address_bits` words of `width` bits.
fn verilog(address_bits: usize, width: usize) -> String {
    let (words, top) = (1_usize << address_bits, width - 1);
    let random = vec!["$urandom"; width.div_ceil(32)].join(", ");
    format!(
        "\
// @module lut_ram_{words}x{width}
// {words} words of {width} bits; written at the clock edge, read at once.
(* ram_style = \"distributed\" *) reg [{top}:0] memory [0:{last}];
`ifdef FORMAL
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
initial for (word = 0; word < {words}; word = word + 1) memory[word] = random_word(word);
`endif
`endif
always @(posedge clock) begin
   if (write_enable) memory[write_address] <= write_data;
end
assign read_data = memory[read_address];
",
        address_top = address_bits - 1,
        last = words - 1,
        random_top = 32 * width.div_ceil(32) - 1,
    )
}
