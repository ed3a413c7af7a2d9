//! Names and numbers in the Verilog.

use rust_hdl::core::ast::VerilogLiteral;

/// Words that Verilog-2005 or SystemVerilog reserves (IEEE 1800-2017, table B.1).
const RESERVED: &str = " \
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind \
bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config \
const constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist \
do edge else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface \
endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event \
eventually expect export extends extern final first_match for force foreach forever fork forkjoin function \
generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir \
include initial inout input inside instance int integer interconnect interface intersect join join_any join_none \
large let liblist library local localparam logic longint macromodule matches medium modport module nand negedge \
nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter pmos \
posedge primitive priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect \
pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg reject_on release repeat \
restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared \
sequence shortint shortreal showcancelled signed small soft solve specify specparam static string strong strong0 \
strong1 struct super supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout time \
timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 \
unsigned until until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while \
wildcard wire with within wor xnor xor ";

/// Whether `name` is a keyword.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&format!(" {name} "))
}

/// The Verilog identifier of a rust-hdl name: no `$`.
pub(super) fn identifier(raw: &str) -> String {
    raw.replace("::", "_").replace('$', "_")
}

/// Value of a literal in the form `8'h2a`; `None` when it is negative or beyond 128 bits.
pub(super) fn parse_literal(text: &str) -> Option<u128> {
    let (_, digits) = text.split_once("'h")?;
    u128::from_str_radix(digits, 16).ok()
}

/// Value and declared bits of a syntax-tree literal.
pub(super) fn literal_value(literal: &VerilogLiteral) -> Option<(u128, usize)> {
    let text = format!("{literal:x}");
    let bits = text.split_once('\'')?.0.parse().ok()?;
    Some((parse_literal(&text)?, bits))
}

/// A sized literal: binary for one bit, decimal below 16, else hexadecimal.
pub(super) fn sized(value: u128, width: usize) -> String {
    if width == 1 {
        format!("1'b{value}")
    } else if value < 16 {
        format!("{width}'d{value}")
    } else {
        format!("{width}'h{value:x}")
    }
}

/// Whether `value` fits into `width` bits.
pub(super) fn fits(value: u128, width: usize) -> bool {
    width >= 128 || value >> width == 0
}

/// `[7:0] ` padded for a declaration; empty for one bit.
pub(super) fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

/// A whole-number expression of an index, as in `2*i+1`, with loop variables.
pub(super) fn evaluate(text: &str, variables: &[(String, usize)]) -> Option<usize> {
    let mut parser = Parser { text: text.as_bytes(), at: 0, variables };
    let value = parser.sum()?;
    (parser.at == text.len()).then_some(value)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    variables: &'a [(String, usize)],
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn sum(&mut self) -> Option<usize> {
        let mut value = self.product()?;
        while let Some(op @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            let right = self.product()?;
            value = if op == b'+' { value.checked_add(right)? } else { value.checked_sub(right)? };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<usize> {
        let mut value = self.atom()?;
        while let Some(op @ (b'*' | b'/')) = self.peek() {
            self.at += 1;
            let right = self.atom()?;
            value = if op == b'*' { value.checked_mul(right)? } else { value.checked_div(right)? };
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<usize> {
        if self.peek() == Some(b'(') {
            self.at += 1;
            let value = self.sum()?;
            (self.peek() == Some(b')')).then_some(())?;
            self.at += 1;
            return Some(value);
        }
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == b'_') {
            self.at += 1;
        }
        let word = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        match self.variables.iter().rev().find(|(name, _)| name == word) {
            Some((_, value)) => Some(*value),
            None => word.trim_end_matches("usize").trim_end_matches('_').parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_expressions_follow_precedence() {
        let variables = [("i".to_string(), 3), ("h".to_string(), 8)];
        assert_eq!(evaluate("2*i+1", &variables), Some(7));
        assert_eq!(evaluate("h-(i+1)*2", &variables), Some(0));
        assert_eq!(evaluate("i-h", &variables), None);
        assert_eq!(evaluate("j", &variables), None);
    }

    #[test]
    fn literals_are_sized() {
        assert_eq!(sized(1, 1), "1'b1");
        assert_eq!(sized(9, 4), "4'd9");
        assert_eq!(sized(0x44C, 32), "32'h44c");
        assert!(fits(15, 4) && !fits(16, 4));
    }

    #[test]
    fn keywords_are_known() {
        assert!(
            is_reserved("before")
                && is_reserved("accept_on")
                && is_reserved("with")
                && is_reserved("table")
                && is_reserved("always")
                && is_reserved("xor")
        );
        assert!(!is_reserved("context_table") && !is_reserved("group"));
    }
}
