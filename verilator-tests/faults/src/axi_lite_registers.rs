//! Faults in `axi_lite_registers`.

use crate::{Block, block, both, place, proved, simulated};

/// Every place in the block that is broken, and how.
pub(crate) const BLOCK: Block = block(
    "axi_lite_registers",
    &[
        place(
            "write_error_next = «~decode_defined»;",
            &[both("SLVERR missing on writes", "1'b0", &["axi_lite_registers"])],
        ),
        place("if («write_strobe[2]») begin", &[simulated("write strobes ignored", "1'b1")]),
        place(
            "if («error_event») begin",
            &[simulated("an event is lost when its bit is cleared", "error_event & ~in_byte_0")],
        ),
        place("if («write_data[2]») begin", &[simulated("IRQ_STATUS cleared by any write", "1'b1")]),
        place("if («write_data[1]») begin", &[simulated("IRQ_STATUS not cleared by a one", "1'b0")]),
        place(
            "assign batch_end_irq = «irq_status[1] & irq_mask[1]»;",
            &[simulated("the mask does not gate the interrupt", "irq_status[1]")],
        ),
        place(
            "soft_reset_pulse_next = in_byte_0 & decode_hit_control & «write_data[0]»;",
            &[simulated("LATCH also resets", "(write_data[0] | write_data[1])")],
        ),
        place(
            "assign in_byte_0 = «do_write & write_strobe[0]»;",
            &[simulated("CONTROL obeyed without its byte", "do_write")],
        ),
        place(
            "assign do_write = «address_held & write_decoded & data_held & ~write_done»;",
            &[
                simulated("a write acts before its address is decoded", "address_held & data_held & ~write_done"),
                simulated("a write overtakes the answer of the one before", "address_held & write_decoded & data_held"),
            ],
        ),
        place(
            "assign read_idle = «~(read_decode | read_select | read_done)»;",
            &[simulated("a read address taken while a word is offered", "~(read_decode | read_select)")],
        ),
        place("assign status[1] = «draining»;", &[simulated("STATUS.DRAINING missing", "1'b0")]),
        place(
            "if («write_done & bready») begin",
            &[proved("a response is dropped while it waits", "write_done", &["axi_lite_registers"])],
        ),
        place(
            "if («batch_end_event») begin",
            &[proved(
                "an event is lost in the clock of a write",
                "batch_end_event & ~in_byte_0",
                &["axi_lite_registers"],
            )],
        ),
    ],
);
