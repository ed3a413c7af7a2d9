//! What must hold before the programmable logic is touched, and who vouches for what cannot be seen.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use deltascope_linux::checks::{self, Report};
use deltascope_linux::logic::{Finding, built_for_hz, check, looks, running_hz};
use deltascope_linux::{LinuxError, Trust, UioBoard};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use support::Fake;

/// The finding of one look.
fn finding(fake: &Fake, what: &str) -> Finding {
    looks(&fake.roots).into_iter().find(|look| look.what == what).unwrap().finding
}

/// Fails unless the look is unknown for a reason with this text.
fn assert_unknown(fake: &Fake, what: &str, part: &str) {
    match finding(fake, what) {
        Finding::Unknown(why) => assert!(why.contains(part), "{why}"),
        other => panic!("{what}: expected it unknown, found {other:?}"),
    }
}

fn refusal(fake: &Fake) -> String {
    match UioBoard::open(&fake.options()) {
        Err(error @ (LinuxError::Logic { .. } | LinuxError::NotKnown { .. })) => error.to_string(),
        other => panic!("expected a refusal, found {:?}", other.err().map(|error| error.to_string())),
    }
}

const ASSUMED: Trust = Trust { assume_configured: true, report: None };

#[test]
fn ready_board_is_opened_and_each_look_reports_what_it_found() {
    let fake = Fake::board();
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
fn each_thing_that_is_wrong_is_refused_with_what_to_do() {
    let wrong = |change: &dyn Fn(&Fake), parts: &[&str]| {
        let fake = Fake::board();
        change(&fake);
        let text = refusal(&fake);
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        // No assumption helps against evidence.
        assert!(check(&fake.roots, &ASSUMED).is_err());
    };
    let state = |fake: &Fake| fake.sys("class/fpga_manager/fpga0/state", "write error\n");
    wrong(&state, &["expected state operating, found fpga0 write error; load the bitstream"]);
    let gated = |fake: &Fake| fake.slcr("f8000000.slcr", &[(0x178, 1), (0x240, 0), (0x900, 0xF)]);
    wrong(&gated, &["clock: expected fclk0 running, found FPGA0_THR_CNT 0x1", "deltascope.dtbo"]);
    for rate in ["166666666", "150015001", "0"] {
        let fast = |fake: &Fake| fake.sys("kernel/debug/clk/fclk0/clk_rate", rate);
        wrong(&fast, &["at most 150000000 Hz", rate, "PCW_FPGA0_PERIPHERAL_FREQMHZ"]);
    }
    let held = |fake: &Fake| fake.slcr("f8000000.slcr", &[(0x178, 0), (0x240, 0xF), (0x900, 0xF)]);
    wrong(&held, &["reset: expected FCLK_RESET0_N released", "0xf"]);
    let off = |fake: &Fake| fake.slcr("f8000000.slcr", &[(0x178, 0), (0x240, 0), (0x900, 0xA)]);
    wrong(&off, &["level shifters", "found 0xa"]);
}

#[test]
fn clock_within_a_crystals_tolerance_is_good() {
    for rate in ["150000001", "150015000", "1"] {
        let fake = Fake::board();
        fake.sys("kernel/debug/clk/fclk0/clk_rate", rate);
        assert_eq!(finding(&fake, "clock"), Finding::Good(format!("fclk0 {rate} Hz")));
    }
}

#[test]
fn clock_that_runs_without_a_user_is_judged_by_the_slcr() {
    let fake = Fake::board();
    fake.sys("kernel/debug/clk/fclk0/clk_enable_count", "0\n");
    assert!(matches!(finding(&fake, "clock"), Finding::Good(_)));

    // Without the SLCR the kernel's command line decides whether anybody has stopped it.
    fake.remove_sys("kernel/debug/regmap");
    assert_unknown(&fake, "clock", "no user");
    fake.command_line("console=ttyPS0 clk_ignore_unused");
    assert_unknown(&fake, "clock", "clk_ignore_unused leaves it");
    fake.command_line("console=ttyPS0 clk_ignore_unused_not");
    assert!(matches!(finding(&fake, "clock"), Finding::Bad { .. }));
    fake.sys("kernel/debug/clk/fclk0/clk_enable_count", "1\n");
    assert!(matches!(finding(&fake, "clock"), Finding::Good(_)));
}

#[test]
fn bitstream_that_the_manager_has_not_loaded_is_unknown() {
    let fake = Fake::board();
    fake.sys("class/fpga_manager/fpga0/state", "unknown\n");
    assert_unknown(&fake, "configuration", "JTAG");
    let text = refusal(&fake);
    assert!(text.contains("openFPGALoader") && text.contains("--assume-configured"), "{text}");
    let assumed = check(&fake.roots, &ASSUMED).unwrap();
    assert!(assumed.len() == 1 && assumed[0].contains("configuration: assumed to be good"), "{assumed:?}");

    // A kernel without the manager's class cannot say either; xdevcfg can.
    fake.remove_sys("class/fpga_manager");
    assert_unknown(&fake, "configuration", "CONFIG_FPGA_MGR_ZYNQ_FPGA");
    fake.sys("class/xdevcfg/xdevcfg/device/prog_done", "1\n");
    assert_eq!(finding(&fake, "configuration"), Finding::Good("xdevcfg prog_done".to_owned()));
    fake.sys("class/xdevcfg/xdevcfg/device/prog_done", "0\n");
    assert!(matches!(finding(&fake, "configuration"), Finding::Bad { .. }));
}

#[test]
fn device_tree_names_the_clock_that_the_logic_was_built_for() {
    let fake = Fake::board();
    let rate = |text: &str| fake.sys("kernel/debug/clk/fclk0/clk_rate", text);
    rate("149999998");
    assert_eq!(built_for_hz(&fake.roots), None);
    fake.of_node("clock-frequency", 150_000_000);
    assert_eq!((built_for_hz(&fake.roots), running_hz(&fake.roots)), (Some(150_000_000), Some(149_999_998)));
    assert_eq!(finding(&fake, "clock"), Finding::Good("fclk0 149999998 Hz".to_owned()));
    rate("150000001");
    assert_eq!(finding(&fake, "clock"), Finding::Good("fclk0 150000001 Hz".to_owned()));

    rate("142857132");
    let Finding::Good(text) = finding(&fake, "clock") else { panic!("a slower clock works") };
    assert!(text.contains("slower than the 150000000 Hz"), "{text}");

    fake.of_node("clock-frequency", 100_000_000);
    let text = refusal(&fake);
    assert!(text.contains("fclk0 of at most 100000000 Hz, found 142857132 Hz"), "{text}");
}

#[test]
fn manager_of_the_zynq_is_found_among_others() {
    let fake = Fake::board();
    fake.sys("class/fpga_manager/fpga0/name", "Lattice iCE40 FPGA Manager\n");
    fake.sys("class/fpga_manager/fpga0/state", "unknown\n");
    assert_unknown(&fake, "configuration", "found fpga0");
    fake.sys("class/fpga_manager/fpga1/name", "Xilinx Zynq FPGA Manager\n");
    fake.sys("class/fpga_manager/fpga1/state", "operating\n");
    assert_eq!(finding(&fake, "configuration"), Finding::Good("fpga1 operating".to_owned()));
}

#[test]
fn register_maps_of_the_slcr_complete_each_other() {
    let fake = Fake::board();
    fake.remove_sys("kernel/debug/regmap");
    fake.slcr("dummy-slcr@f8000000", &[(0, 0)]);
    assert_unknown(&fake, "reset", "no register 0x240");
    fake.slcr("f8000000.slcr", &[(0x178, 0), (0x240, 0), (0x900, 0xF)]);
    check(&fake.roots, &Trust::default()).unwrap();
    fake.slcr("dummy-slcr@f8000000", &[(0x240, 0xF)]);
    assert_unknown(&fake, "reset", "[0, f], by map");
}

/// What the unit's user sees of a board whose debugfs only root reads.
fn half_blind() -> Fake {
    let fake = Fake::board();
    fake.remove_sys("kernel/debug");
    fake
}

#[test]
fn unknown_is_refused_until_somebody_vouches() {
    let fake = half_blind();
    assert!(refusal(&fake).contains("clock: expected it to be known to be good"));
    let assumed = check(&fake.roots, &ASSUMED).unwrap();
    assert_eq!(assumed.len(), 3, "{assumed:?}");
    for text in ["", "178: zz\n240: zz\n900: zz\n", "2400: 00000001\n"] {
        fake.sys("kernel/debug/regmap/f8000000.slcr/registers", text);
        assert!(check(&fake.roots, &Trust::default()).is_err(), "{text:?}");
    }
}

#[test]
fn what_is_wrong_comes_before_what_is_unknown() {
    let fake = Fake::board();
    // Nothing reports whether the clock runs, and the resets are held.
    fake.remove_sys("kernel/debug/clk");
    fake.remove_sys("kernel/debug/regmap");
    fake.slcr("f8000000.slcr", &[(0x240, 0xF), (0x900, 0xF)]);
    assert_unknown(&fake, "clock", "clk_enable_count");
    let text = refusal(&fake);
    assert!(text.contains("reset: expected FCLK_RESET0_N released") && !text.contains("--assume"), "{text}");
    assert!(matches!(check(&fake.roots, &ASSUMED), Err(LinuxError::Logic { what: "reset", .. })));
}

/// A report of `fake` for one start, and how it is read.
fn report(fake: &Fake, invocation: &str) -> Report {
    let path: PathBuf = fake.path().join("checks");
    let owner = fs::metadata(fake.path()).unwrap().uid();
    Report { path, invocation: invocation.to_owned(), owner }
}

#[test]
fn report_of_root_vouches_for_the_same_start_only() {
    let seen = Fake::board();
    let blind = half_blind();
    let given = report(&seen, "start 1");
    checks::write(&given.path, "start 1", looks(&seen.roots), &Trust::default()).unwrap();
    let with = |report: Report| check(&blind.roots, &Trust { assume_configured: false, report: Some(report) });
    let taken = with(given.clone()).unwrap();
    assert_eq!(taken.len(), 3);
    assert!(taken[0].contains("clock: found good, fclk0 142857132 Hz, in the report"), "{taken:?}");

    let refused = |report: Report, part: &str| {
        let text = with(report).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    };
    refused(Report { invocation: "start 2".to_owned(), ..given.clone() }, "the checks of this start");
    refused(Report { invocation: String::new(), ..given.clone() }, "the checks of this start");
    refused(Report { owner: given.owner + 1, ..given.clone() }, "no other user can write");
    refused(Report { path: seen.path().join("none"), ..given.clone() }, "No such file");
    fs::set_permissions(&given.path, fs::Permissions::from_mode(0o666)).unwrap();
    refused(given.clone(), "mode 100666");
    fs::set_permissions(&given.path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&given.path, "something else\n").unwrap();
    refused(given, "in the first line");
}

#[test]
fn report_is_written_only_when_all_is_well() {
    let fake = half_blind();
    let given = report(&fake, "start 1");
    fs::write(&given.path, "of an earlier start").unwrap();
    assert!(checks::write(&given.path, "start 1", looks(&fake.roots), &Trust::default()).is_err());
    assert!(!given.path.exists(), "an old report outlives a check that failed");
    // What root assumes is in the report as assumed.
    checks::write(&given.path, "start 1", looks(&fake.roots), &ASSUMED).unwrap();
    let taken = check(&fake.roots, &Trust { assume_configured: false, report: Some(given) }).unwrap();
    assert!(taken.iter().all(|text| text.contains("assumed to be good by --assume-configured")), "{taken:?}");
}

#[test]
fn logic_is_looked_at_before_it_is_mapped() {
    let fake = Fake::board();
    fake.sys("class/fpga_manager/fpga0/state", "write error\n");
    // A map that would be refused: the refusal is that of the logic all the same.
    fake.sys("class/uio/uio0/maps/map0/size", "0x4");
    assert!(refusal(&fake).contains("write error"));
}
