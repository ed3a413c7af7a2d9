//! What must hold before the programmable logic is touched.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_linux::logic::{Finding, built_for_hz, looks, running_hz};
use deltascope_linux::{LinuxError, UioBoard};
use support::Fake;

/// A board whose clock and reset can be read.
fn readable(enable_count: &str, rate: &str, slcr: &str) -> Fake {
    let fake = Fake::board();
    fake.sys("kernel/debug/clk/fclk0/clk_enable_count", enable_count);
    fake.sys("kernel/debug/clk/fclk0/clk_rate", rate);
    fake.sys("kernel/debug/regmap/f8000000.slcr/registers", slcr);
    fake
}

const RELEASED: &str = "23c: 00000000\n240: 00000000\n244: 00000000\n900: 0000000f\n";

fn refusal(fake: &Fake) -> String {
    match UioBoard::open(&fake.options()) {
        Err(error @ LinuxError::Logic { .. }) => error.to_string(),
        other => panic!("expected a refusal, found {:?}", other.err().map(|error| error.to_string())),
    }
}

#[test]
fn a_board_that_is_ready_is_opened_and_each_look_says_what_it_found() {
    let fake = readable("1\n", "142857132\n", RELEASED);
    UioBoard::open(&fake.options()).unwrap();
    let found: Vec<_> = looks(&fake.roots).into_iter().map(|look| (look.what, look.finding)).collect();
    let good = |text: &str| Finding::Good(text.to_owned());
    assert_eq!(
        found,
        [
            ("configuration", good("fpga0 operating")),
            ("clock", good("fclk0 142857132 Hz")),
            ("level shifters", good("on, both ways")),
            ("reset", good("FCLK_RESET0_N released")),
        ]
    );
}

#[test]
fn each_thing_that_is_missing_is_refused_with_what_to_do() {
    let fake = Fake::board();
    fake.sys("class/fpga_manager/fpga0/state", "unknown\n");
    let text = refusal(&fake);
    assert!(text.contains("expected state operating, found fpga0 unknown; load the bitstream"), "{text}");

    fake.remove_sys("class/fpga_manager");
    let text = refusal(&fake);
    assert!(text.contains("CONFIG_FPGA_MGR_ZYNQ_FPGA"), "{text}");

    let text = refusal(&readable("0", "142857132", RELEASED));
    assert!(text.contains("clock: expected fclk0 enabled, found no user of it"), "{text}");

    for rate in ["150000001", "0"] {
        let text = refusal(&readable("1", rate, RELEASED));
        assert!(text.contains("at most 150000000 Hz") && text.contains(rate), "{text}");
    }

    let text = refusal(&readable("1", "142857132", "240: 0000000f\n900: 0000000f\n"));
    assert!(text.contains("reset: expected FCLK_RESET0_N released") && text.contains("0xf"), "{text}");

    let text = refusal(&readable("1", "142857132", "240: 00000000\n900: 0000000a\n"));
    assert!(text.contains("level shifters") && text.contains("found 0xa"), "{text}");
}

#[test]
fn device_tree_names_the_clock_that_the_logic_was_built_for() {
    let fake = readable("1", "149999998", RELEASED);
    assert_eq!(built_for_hz(&fake.roots), None);
    fake.of_node("clock-frequency", 150_000_000);
    assert_eq!((built_for_hz(&fake.roots), running_hz(&fake.roots)), (Some(150_000_000), Some(149_999_998)));
    assert_eq!(looks(&fake.roots)[1].finding, Finding::Good("fclk0 149999998 Hz".to_owned()));

    fake.sys("kernel/debug/clk/fclk0/clk_rate", "142857132");
    let Finding::Good(text) = &looks(&fake.roots)[1].finding else { panic!("a slower clock works") };
    assert!(text.contains("slower than the 150000000 Hz"), "{text}");

    fake.of_node("clock-frequency", 100_000_000);
    let text = refusal(&fake);
    assert!(text.contains("fclk0 of at most 100000000 Hz, found 142857132 Hz"), "{text}");
}

#[test]
fn what_cannot_be_read_is_unknown_and_holds_nobody_up() {
    for slcr in ["", "240: zz\n900: zz\n", "2400: 00000001\n"] {
        let fake = readable("one", "142857132", slcr);
        UioBoard::open(&fake.options()).unwrap();
        let unknown = looks(&fake.roots).iter().filter(|look| matches!(look.finding, Finding::Unknown(_))).count();
        assert_eq!(unknown, 3, "{slcr:?}");
    }
    let fake = Fake::board();
    UioBoard::open(&fake.options()).unwrap();
}

#[test]
fn the_logic_is_looked_at_before_it_is_mapped() {
    let fake = Fake::board();
    fake.sys("class/fpga_manager/fpga0/state", "write error\n");
    // A map that would be refused: the refusal is that of the logic all the same.
    fake.sys("class/uio/uio0/maps/map0/size", "0x4");
    assert!(refusal(&fake).contains("write error"));
}
