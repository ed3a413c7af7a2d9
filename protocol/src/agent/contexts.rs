//! What the server's contexts hold after the last snapshot, so that they can be restored.

use alloc::vec;
use alloc::vec::Vec;
use deltascope_abi::record::{Op, RECORD_BYTES, Record};
use deltascope_model::Context;

/// The contexts of the grant after every record that the last snapshot covers.
#[derive(Debug, Default)]
pub(crate) struct CoveredContexts {
    contexts: Vec<Context>,
}

impl CoveredContexts {
    /// Contexts as a grant makes them: all (0, 0).
    pub fn new(contexts: u32) -> CoveredContexts {
        CoveredContexts { contexts: vec![Context::default(); contexts as usize] }
    }

    /// The grant has this number of contexts now; new ones are (0, 0).
    pub fn grow(&mut self, contexts: u32) {
        let contexts = self.contexts.len().max(contexts as usize);
        self.contexts.resize(contexts, Context::default());
    }

    /// These records are covered now.
    pub fn cover(&mut self, records: &[[u8; RECORD_BYTES]]) {
        for bytes in records {
            let record = Record::from_bytes(bytes);
            let Some(op) = record.op().filter(|op| op.journals()) else { continue };
            let Some(context) = self.contexts.get_mut(record.context() as usize) else { continue };
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
        self.contexts.iter().enumerate().flat_map(|(index, context)| {
            let index = index as u16;
            let load = (context.reference != 0).then(|| Record::load(index, context.reference));
            let accum = (context.accumulator != 0).then(|| Record::accum(index, context.accumulator));
            load.into_iter().chain(accum)
        })
    }
}
