//! The driver's constants of the AXI DMA against those of its model: two transcriptions of PG021.
#![cfg(feature = "verilate")]

use deltascope_driver::axi_dma::{descriptor, registers as driver};
use deltascope_sim::axi_dma::pg021 as model;

/// Names and values of one side.
type Table = Vec<(String, u64)>;

/// Adds constants of a module to a table, under a name for the module.
macro_rules! add {
    ($table:ident, $of:literal, $module:ident: $($name:ident)*) => {
        $($table.push((concat!($of, " ", stringify!($name)).to_owned(), $module::$name as u64));)*
    };
}

/// Makes the table of either side, whose constants have the same names.
macro_rules! table {
    ($registers:ident, $descriptor:ident) => {{
        use $descriptor::word;
        use $registers::{Channel, Register, control, status};
        let mut table = Table::new();
        for (name, channel) in [("MM2S", Channel::Mm2s), ("S2MM", Channel::S2mm)] {
            for (register, at) in [
                ("DMACR", Register::Control),
                ("DMASR", Register::Status),
                ("CURDESC", Register::CurrentDescriptor),
                ("CURDESC_MSB", Register::CurrentDescriptorHigh),
                ("TAILDESC", Register::TailDescriptor),
                ("TAILDESC_MSB", Register::TailDescriptorHigh),
                ("address", Register::Address),
                ("address_MSB", Register::AddressHigh),
                ("LENGTH", Register::Length),
            ] {
                table.push((format!("{name} {register}"), channel.at(at).into()));
            }
        }
        add!(table, "window", $registers: WINDOW_BYTES MIN_LENGTH_BITS MAX_LENGTH_BITS);
        add!(table, "DMACR", control: RUN RESET CYCLIC IRQ_COMPLETE IRQ_DELAY IRQ_ERROR);
        add!(table, "DMACR", control: THRESHOLD_SHIFT DELAY_SHIFT DELAY_CLOCKS AFTER_RESET);
        add!(table, "DMASR", status: HALTED IDLE SG_INCLUDED INTERNAL_ERROR SLAVE_ERROR DECODE_ERROR);
        add!(table, "DMASR", status: SG_INTERNAL_ERROR SG_SLAVE_ERROR SG_DECODE_ERROR ERRORS);
        add!(table, "DMASR", status: IRQ_COMPLETE IRQ_DELAY IRQ_ERROR INTERRUPTS RESERVED);
        add!(table, "descriptor", word: NEXT NEXT_HIGH BUFFER BUFFER_HIGH CONTROL STATUS);
        add!(table, "descriptor", $descriptor: DESCRIPTOR_BYTES LENGTH_MASK END_OF_FRAME START_OF_FRAME);
        add!(table, "descriptor", $descriptor: INTERNAL_ERROR SLAVE_ERROR DECODE_ERROR COMPLETE);
        table
    }};
}

fn tables() -> [Table; 2] {
    [table!(driver, descriptor), table!(model, model)]
}

/// What the two sides name differently.
fn differences(driver: &Table, model: &Table) -> Vec<String> {
    assert_eq!(driver.len(), model.len());
    let pairs = driver.iter().zip(model);
    pairs.filter(|(driver, model)| driver != model).map(|(driver, _)| driver.0.clone()).collect()
}

#[test]
fn driver_and_model_agree() {
    let [driver, model] = tables();
    let text: Vec<_> =
        driver.iter().zip(&model).filter(|(a, b)| a != b).map(|(a, b)| format!("{a:x?} {b:x?}")).collect();
    assert!(text.is_empty(), "driver, then model: {text:#?}; PG021 says which is right");
}

/// What is planted, and each name with its wrong value.
type Planted = (&'static str, &'static [(&'static str, u64)]);

/// Slips of a transcription.
const PLANTED: [Planted; 8] = [
    ("LENGTH at 0x24", &[("MM2S LENGTH", 0x24), ("S2MM LENGTH", 0x54)]),
    ("the S2MM block at 0x40", &[("S2MM DMACR", 0x40), ("S2MM DMASR", 0x44), ("S2MM CURDESC", 0x48)]),
    ("CURDESC and TAILDESC swapped", &[("MM2S CURDESC", 0x10), ("MM2S TAILDESC", 0x08)]),
    ("IOC on bit 11", &[("DMACR IRQ_COMPLETE", 1 << 11), ("DMASR IRQ_COMPLETE", 1 << 11)]),
    ("RESET on bit 3", &[("DMACR RESET", 1 << 3)]),
    ("the threshold shifted by 8", &[("DMACR THRESHOLD_SHIFT", 8)]),
    ("a delay unit of 250", &[("DMACR DELAY_CLOCKS", 250)]),
    ("SGIncld on bit 2", &[("DMASR SG_INCLUDED", 1 << 2)]),
];

#[test]
fn each_planted_slip_is_found_on_either_side() {
    let [driver, model] = tables();
    for (what, wrong) in PLANTED {
        for side in 0..2 {
            let mut sides = [driver.clone(), model.clone()];
            for (name, value) in wrong {
                let entry = sides[side].iter_mut().find(|entry| entry.0 == *name).expect("a name of the table");
                assert_ne!(entry.1, *value, "{what}: {name} is not changed");
                entry.1 = *value;
            }
            let names: Vec<_> = wrong.iter().map(|(name, _)| (*name).to_owned()).collect();
            let mut found = differences(&sides[0], &sides[1]);
            found.sort_by_key(|name| names.iter().position(|known| known == name));
            assert_eq!(found, names, "{what}");
        }
    }
}
