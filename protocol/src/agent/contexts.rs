//! What the server's contexts hold after the last snapshot, so that they can be restored.

use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::record::{Op, RECORD_BYTES, Record};
use deltascope_model::Context;

/// The contexts of the grant after every record that the last snapshot covers.
#[derive(Debug)]
pub(crate) struct CoveredContexts {
    /// One more than granted: the last belongs to no record and takes the stores of records without a context.
    contexts: Vec<Context>,
}

impl Default for CoveredContexts {
    fn default() -> CoveredContexts {
        CoveredContexts::new(0)
    }
}

impl CoveredContexts {
    /// Contexts as a grant makes them: all (0, 0).
    pub fn new(contexts: u32) -> CoveredContexts {
        CoveredContexts { contexts: vec![Context::default(); contexts as usize + 1] }
    }

    /// The grant has this number of contexts now; new ones are (0, 0).
    pub fn grow(&mut self, contexts: u32) {
        let spare = self.contexts.len() - 1;
        self.contexts[spare] = Context::default();
        self.contexts.resize(spare.max(contexts as usize) + 1, Context::default());
    }

    /// These records are covered now.
    pub fn cover(&mut self, records: &[[u8; RECORD_BYTES]]) {
        let spare = self.contexts.len() - 1;
        for bytes in records {
            let record = Record::from_bytes(bytes);
            let (code, context) = (record.op_code(), usize::from(record.context()).min(spare));
            let send = code == Op::Send as u8;
            // SEND and PAIR come in random order, so nothing branches on which of the two it is.
            if send | (code == Op::Pair as u8) {
                self.contexts[if send { context } else { spare }].load(record.operand);
                continue;
            }
            let Some(op) = record.op().filter(|op| op.journals()) else { continue };
            let context = &mut self.contexts[context];
            match op {
                Op::Accum => context.accum(record.operand),
                Op::Swap if record.rebase() => _ = context.rebase(),
                _ => context.load(record.operand),
            }
        }
    }

    /// Records that bring contexts of (0, 0) to this state, in a fixed order. There are never more of them than
    /// records covered: a reference that is not 0 and an accumulator that is not 0 had a record each.
    pub fn restore(&self) -> impl Iterator<Item = Record> + '_ {
        self.contexts[..self.contexts.len() - 1].iter().enumerate().flat_map(|(index, context)| {
            let index = index as u16;
            let load = (context.reference != 0).then(|| Record::load(index, context.reference));
            let accum = (context.accumulator != 0).then(|| Record::accum(index, context.accumulator));
            load.into_iter().chain(accum)
        })
    }
}
