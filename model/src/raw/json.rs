//! The report as one JSON object, written as it goes. It holds numbers, names of ops and hexadecimal digits
//! only, so nothing needs escaping.

use super::RawReport;
use deltascope_abi::record::Op;
use deltascope_abi::reply::Reply;
use std::io::{self, Write};

impl RawReport {
    /// Writes the report as one line of JSON, keys in a fixed order:
    /// `{"abi","accepted","rejected","counters":[...],"replies":[...]}`. Use a buffered writer.
    ///
    /// Counters have `group`, `class`, `events`, `bytes`, `redundant_events` and `redundant_bytes`; replies have
    /// `op`, `context`, `value` (16 hexadecimal digits) and `zero`, those of QUERY also `too_old`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let RawReport { abi, accepted, rejected, counters, replies } = self;
        write!(out, "{{\"abi\":{abi},\"accepted\":{accepted},\"rejected\":{rejected},\"counters\":[")?;
        for (index, (group, class, row)) in counters.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(
                out,
                "{comma}{{\"group\":{group},\"class\":{},\"events\":{},\"bytes\":{},\"redundant_events\":{},\"redundant_bytes\":{}}}",
                *class as u8, row.events, row.bytes, row.redundant_events, row.redundant_bytes
            )?;
        }
        out.write_all(b"],\"replies\":[")?;
        for (index, reply) in replies.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            write_reply(reply, out)?;
        }
        out.write_all(b"]}\n")
    }
}

fn write_reply(reply: &Reply, out: &mut dyn Write) -> io::Result<()> {
    let op = reply.op().unwrap_or(Op::Nop);
    let (name, context, value, zero) = (op.name(), reply.context(), reply.value, reply.zero());
    write!(out, "{{\"op\":\"{name}\",\"context\":{context},\"value\":\"{value:016x}\",\"zero\":{zero}")?;
    if op == Op::Query {
        write!(out, ",\"too_old\":{}", reply.too_old())?;
    }
    out.write_all(b"}")
}
