//! The tables against what Vivado calculates for the same settings, where it is published.

use super::*;

const DDRC: u32 = 0xF800_6000;

fn table(board: &str) -> Rows {
    rows(board, &Board::load(&Tree::checkout(), board).expect("the board").ps7).expect("a table")
}

/// The last value of the bits of a register.
fn value(rows: &Rows, wanted: u32) -> u32 {
    let last = rows.phases.iter().flatten().rev().find_map(|row| match *row {
        Row::Write { address, value, .. } if address == wanted => Some(value),
        _ => None,
    });
    last.unwrap_or_else(|| panic!("{wanted:#x} is not written"))
}

fn compare(board: &str, expected: &[(u32, u32)]) {
    let rows = table(board);
    let differ: Vec<_> = expected
        .iter()
        .filter(|(address, expected)| value(&rows, *address) != *expected)
        .map(|(address, expected)| format!("{address:#x}: expected {expected:#x}, found {:#x}", value(&rows, *address)))
        .collect();
    assert!(differ.is_empty(), "{board}: {differ:#?}");
}

/// What depends on rate, width, size and delays, as U-Boot has it for the same preset (`zynq-zybo-z7/ps7_init_gpl.c`).
#[test]
fn zybo_has_the_registers_of_its_preset() {
    compare(
        "zybo-z7-20",
        &[
            (DDRC + 0x004, 0x1081),
            (DDRC + 0x014, 0x4281A),
            (DDRC + 0x018, 0x44E4_58D2),
            (DDRC + 0x01C, 0x7202_38E5),
            (DDRC + 0x020, 0x2708_72D0),
            (DDRC + 0x02C, 8),
            (DDRC + 0x030, 0x4_0930),
            (DDRC + 0x034, 0x1_16D4),
            (DDRC + 0x03C, 0x777),
            (DDRC + 0x040, 0xFFF0_0000),
            (DDRC + 0x044, 0x0F66_6666),
            (DDRC + 0x0A8, 0x0690_CB73),
            (DDRC + 0x120, 0x4000_0001),
            (DDRC + 0x12C, 0x2_7000),
            (DDRC + 0x134, 0x2_6C00),
            (DDRC + 0x138, 0x2_8800),
            (DDRC + 0x154, 0x7A),
            (DDRC + 0x15C, 0x7C),
            (DDRC + 0x160, 0x73),
            (DDRC + 0x168, 0xF1),
            (DDRC + 0x174, 0xF7),
            (DDRC + 0x17C, 0xBA),
            (DDRC + 0x188, 0xB3),
            (DDRC, 0x81),
            // PLLs and clocks: filters, dividers.
            (SLCR + 0x114, 0x12_C220),
            (SLCR + 0x118, 0x14_52C0),
            (SLCR + 0x120, 0x1F00_0200),
            (SLCR + 0x124, 0x0C20_0003),
            (SLCR + 0x128, 0x70_0F01),
            (SLCR + 0x140, 0x10_0801),
            (SLCR + 0x14C, 0x501),
            (SLCR + 0x150, 0x1401),
            (SLCR + 0x154, 0xA02),
            (SLCR + 0x168, 0x501),
            // Pins: boot mode, QSPI, Ethernet out and in, USB, SD, card detect, UART, MDIO.
            (SLCR + 0x700, 0x1600),
            (SLCR + 0x704, 0x1602),
            (SLCR + 0x708, 0x602),
            (SLCR + 0x71C, 0x600),
            (SLCR + 0x740, 0x1302),
            (SLCR + 0x758, 0x1303),
            (SLCR + 0x770, 0x1304),
            (SLCR + 0x774, 0x1305),
            (SLCR + 0x790, 0x1305),
            (SLCR + 0x7A0, 0x1280),
            (SLCR + 0x7BC, 0x1201),
            (SLCR + 0x7C0, 0x12E0),
            (SLCR + 0x7C4, 0x12E1),
            (SLCR + 0x7D0, 0x1280),
        ],
    );
}

/// A memory of 16 bits at 525 MHz: registers that were published for a PYNQ-Z2. Its tRC there is that of Arty Z7-20, 26
/// clocks; the preset that `ps7.txt` names has 50.625 ns, which is 27.
#[test]
fn half_a_bus_has_its_own_map_and_two_bytes() {
    compare(
        "pynq-z2",
        &[
            (DDRC + 0x004, 0x107F),
            (DDRC + 0x014, 0x4279B),
            (DDRC + 0x018, 0x44E3_54D2),
            (DDRC + 0x01C, 0x7202_38E5),
            (DDRC + 0x034, 0x1_1674),
            (DDRC + 0x03C, 0x666),
            (DDRC + 0x040, 0xFFFF_0000),
            (DDRC + 0x044, 0x0F55_5555),
            (DDRC + 0x0A8, 0x0670_C845),
            (DDRC + 0x11C, 0x4000_0001),
            (DDRC + 0x120, 0x4000_0000),
            (DDRC + 0x12C, 0x2_A800),
            (DDRC + 0x130, 0x2_9400),
            (DDRC + 0x154, 0x7A),
            (DDRC + 0x158, 0x80),
            (DDRC + 0x168, 0xFF),
            (DDRC + 0x16C, 0xFA),
            (DDRC, 0x85),
        ],
    );
}

/// Write levelling begins at the skew where the clock is behind the strobe (ZedBoard's: 0.025 ns at 533 MHz gives 3).
#[test]
fn a_positive_skew_moves_the_write_strobe() {
    let arty = table("arty-z7-20");
    // 0.040 ns * 525 MHz * 256 = 5.4; 2 * 0.223 ns * 525 MHz * 256 = 59.9.
    assert_eq!(value(&arty, DDRC + 0x12C), (96 + 59) << 10 | 5);
    assert_eq!(value(&arty, DDRC + 0x154), 0x80 + 5);
    assert_eq!(value(&arty, DDRC + 0x014) & 0x3F, 26);
}

#[test]
fn every_board_with_settings_has_a_table_and_the_others_say_so() {
    for board in ["pynq-z2", "arty-z7-20", "zybo-z7-20", "ax7020"] {
        let block = block(board).expect("a table");
        let table = deltascope_ps7::table::Table::read(&block).expect("a block");
        assert_eq!(table.board(), board);
    }
    let error = block("zedboard").expect_err("no settings").to_string();
    assert!(error.contains("start the image after an FSBL"), "{error}");
}

#[test]
fn inputs_of_hstl_have_a_receiver_and_a_reference() {
    let board = table("ax7020");
    assert_eq!(value(&board, SLCR + 0xB00), 1);
    // Out, in.
    assert_eq!((value(&board, SLCR + 0x740), value(&board, SLCR + 0x758)), (0x3902, 0x1903));
}

#[test]
fn memory_that_the_rules_do_not_know_is_refused() {
    let values = Board::load(&Tree::checkout(), "zybo-z7-20").expect("the board").ps7;
    for (name, other) in [
        ("PCW_UIPARAM_DDR_CL", "9"),
        ("PCW_UIPARAM_DDR_FREQ_MHZ", "667"),
        ("PCW_UIPARAM_DDR_MEMORY_TYPE", "LPDDR 2"),
        ("PCW_UIPARAM_DDR_BUS_WIDTH", "64 Bit"),
        ("PCW_UIPARAM_DDR_ROW_ADDR_COUNT", "16"),
        ("PCW_ARMPLL_CTRL_FBDIV", "12"),
        ("PCW_CPU_PERIPHERAL_CLKSRC", "IO PLL"),
        ("PCW_CRYSTAL_PERIPHERAL_FREQMHZ", "48"),
        ("PCW_MIO_16_IOTYPE", "LVTTL"),
        ("PCW_UART1_PERIPHERAL_ENABLE", "0"),
    ] {
        let mut values = values.clone();
        values.insert(name.to_owned(), other.to_owned());
        assert!(rows("zybo-z7-20", &values).is_err(), "{name} {other}");
    }
}

/// Rates of the console: 1.5 % is what a UART bears.
#[test]
fn the_console_is_at_its_rate_by_both_clocks() {
    for (clock, divider) in [(50.0, 1), (33.333333, 1), (100.0, 10)] {
        let rows = clocks::console(0, clock, divider);
        let at = |wanted: u32| {
            rows.iter().find_map(|row| match *row {
                Row::Write { address, value, .. } if address == wanted => Some(f64::from(value)),
                _ => None,
            })
        };
        let (generator, stages) = (at(0xE000_0018).expect("a rate"), at(0xE000_0034).expect("a divider"));
        let baud = clock * 1e6 / (generator * (stages + 1.0));
        assert!((baud / 115_200.0 - 1.0).abs() < 0.015, "{clock} MHz: {baud}");
    }
}
