//! `check` on boards spoiled as in public reports, as root and as the user of the unit: what may not be touched is refused to
//! both, and what root has found is believed by the user for one start.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "../../linux/tests/support/mod.rs"]
mod fake;

use deltascope_testkit::programs::copy_program;
use fake::Fake;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A user that owns nothing.
const NOBODY: &str = "65534";

/// Who runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Somebody who reads debugfs.
    Root,
    /// The unit's user, who does not.
    User,
}

/// A board, the program where everybody may run it, and a folder for its report.
struct Bench {
    fake: Fake,
    /// Not in the memory of [`Fake`], where a container may run nothing.
    folder: TempDir,
}

fn chmod(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Bench {
    fn new(spoil: impl FnOnce(&Fake)) -> Bench {
        let fake = Fake::board();
        spoil(&fake);
        chmod(fake.path().to_path_buf(), 0o755);
        chmod(fake.roots.dev.join("uio0"), 0o666);
        let folder = TempDir::new().unwrap();
        chmod(folder.path().to_path_buf(), 0o755);
        let bench = Bench { fake, folder };
        copy_program(Path::new(env!("CARGO_BIN_EXE_deltascope-boardd")), &bench.program());
        bench
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("boardd")
    }

    /// Runs the program; `start` is this start of the service.
    fn run(&self, who: Who, start: &str, arguments: &[&str]) -> Output {
        let debugfs = self.fake.roots.sys.join("kernel/debug");
        // As the kernel has it for all but root; without root the tests' own user is outside too.
        let closed = if is_root() { 0o700 } else { 0o000 };
        if debugfs.exists() {
            chmod(debugfs.clone(), if who == Who::User { closed } else { 0o700 });
        }
        let mut command = match who {
            Who::User if is_root() => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(self.program());
                command
            }
            _ => Command::new(self.program()),
        };
        command.args(arguments).arg("--root").arg(self.fake.path()).env("INVOCATION_ID", start);
        let output = command.output().unwrap();
        if debugfs.exists() {
            chmod(debugfs, 0o700);
        }
        output
    }

    fn check(&self, who: Who, more: &[&str]) -> (bool, Value) {
        let output = self.run(who, "1", &[&["check", "--json"], more].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(value["ok"], output.status.success(), "{value}");
        (output.status.success(), value)
    }

    fn report(&self) -> String {
        self.fake.path().join("report").to_str().unwrap().to_owned()
    }
}

/// How root's check must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
    Unknown,
}

/// A board with one thing as in a public report: root's verdict, and what the error contains.
struct Case {
    name: &'static str,
    spoil: fn(&Fake),
    verdict: Verdict,
    error: &'static str,
}

fn cases() -> Vec<Case> {
    use Verdict::{Bad, Good, Unknown};
    let case = |name, spoil, verdict, error| Case { name, spoil, verdict, error };
    vec![
        case("ready", |_| {}, Good, ""),
        case(
            "clock gated, level shifters off, resets held",
            |fake| fake.slcr("f8000000.slcr", &[(0x178, 1), (0x240, 0xF), (0x900, 0)]),
            Bad,
            "FPGA0_THR_CNT 0x1",
        ),
        case("resets held", |fake| fake.slcr("f8000000.slcr", &[(0x178, 0), (0x240, 0xF), (0x900, 0xF)]), Bad, "reset"),
        case("clock without a user", |fake| fake.sys("kernel/debug/clk/fclk0/clk_enable_count", "0"), Good, ""),
        case(
            "clock without a user, on a kernel that shows no SLCR",
            |fake| {
                fake.sys("kernel/debug/clk/fclk0/clk_enable_count", "0");
                fake.command_line("clk_ignore_unused");
                fake.remove_sys("kernel/debug/regmap");
            },
            Unknown,
            "clk_ignore_unused",
        ),
        case("one hertz above", |fake| fake.sys("kernel/debug/clk/fclk0/clk_rate", "150000001"), Good, ""),
        case("166.7 MHz", |fake| fake.sys("kernel/debug/clk/fclk0/clk_rate", "166666666"), Bad, "PCW_FPGA0_PERIPHERAL"),
        case(
            "the Zynq's FPGA manager is the second",
            |fake| {
                fake.sys("class/fpga_manager/fpga0/name", "SPI slave FPGA");
                fake.sys("class/fpga_manager/fpga0/state", "unknown");
                fake.sys("class/fpga_manager/fpga1/name", "Xilinx Zynq FPGA Manager");
                fake.sys("class/fpga_manager/fpga1/state", "operating");
            },
            Good,
            "",
        ),
        case("loaded through JTAG", |fake| fake.sys("class/fpga_manager/fpga0/state", "unknown"), Unknown, "JTAG"),
        case(
            "loaded by xdevcfg",
            |fake| {
                fake.remove_sys("class/fpga_manager");
                fake.sys("class/xdevcfg/xdevcfg/device/prog_done", "1");
            },
            Good,
            "",
        ),
        case("no FPGA manager", |fake| fake.remove_sys("class/fpga_manager"), Unknown, "CONFIG_FPGA_MGR_ZYNQ_FPGA"),
        case("load failed", |fake| fake.sys("class/fpga_manager/fpga0/state", "write error"), Bad, "write error"),
        case("two register maps of the SLCR", |fake| fake.slcr("dummy-slcr@f8000000", &[(0, 0)]), Good, ""),
        case(
            "emulated",
            |fake| {
                fake.uio("uio0", "deltascope", &[deltascope_abi::mailbox::MAILBOX]);
            },
            Good,
            "",
        ),
    ]
}

#[test]
fn root_sees_what_is_wrong_and_the_user_is_refused_too() {
    for Case { name, spoil, verdict, error } in cases() {
        let bench = Bench::new(spoil);
        let (is_well, value) = bench.check(Who::Root, &[]);
        assert_eq!(is_well, verdict == Verdict::Good, "{name}: {value}");
        assert!(is_well || value["error"].as_str().unwrap().contains(error), "{name}: {value}");
        // Evidence cannot be assumed away, ignorance can.
        let (assumed, value) = bench.check(Who::Root, &["--assume-configured"]);
        assert_eq!(assumed, verdict != Verdict::Bad, "{name}: {value}");
        assert_eq!(value["assumed"].as_array().map_or(0, Vec::len) > 0, verdict == Verdict::Unknown, "{name}: {value}");
        let (is_well, value) = bench.check(Who::User, &[]);
        assert_eq!(is_well, name == "emulated", "{name}: {value}");
    }
}

#[test]
fn user_without_a_report_does_not_touch_the_logic() {
    let bench = Bench::new(|fake| fake.slcr("f8000000.slcr", &[(0x178, 1), (0x240, 0xF), (0x900, 0)]));
    for arguments in [&["info"][..], &["selftest"], &["--listen", "127.0.0.1:0"]] {
        let output = bench.run(Who::User, "1", &[arguments, &["--engine", "uio"]].concat());
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "{text}");
        assert!(text.contains("programmable logic, clock: expected it to be known to be good"), "{text}");
        assert!(text.contains("--assume-configured"), "{text}");
    }
}

#[test]
fn user_believes_the_report_of_root_for_the_same_start() {
    let bench = Bench::new(|_| {});
    let report = bench.report();
    let info = |start: &str| {
        let output = bench.run(Who::User, start, &["info", "--engine", "uio", "--checks", &report]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (is_well, value) = bench.check(Who::Root, &["--report", &report]);
    assert!(is_well, "{value}");
    let (same, other) = (info("1"), info("2"));
    match is_root() {
        // Past the checks: the registers of this board are a file of zeros.
        true => assert!(same.contains("IDENTITY: expected 0x444c5453"), "{same}"),
        false => assert!(same.contains("a file of user 0"), "{same}"),
    }
    assert!(other.contains("expected it to be known to be good"), "{other}");

    // A check that fails leaves no report behind.
    bench.fake.slcr("f8000000.slcr", &[(0x178, 1), (0x240, 0), (0x900, 0xF)]);
    assert!(!bench.check(Who::Root, &["--report", &report]).0);
    assert!(info("1").contains("No such file"));
}

/// Root writes it: /dev/null and /dev/stdout would be gone for everybody.
#[test]
fn a_report_takes_the_place_of_a_file_only() {
    let bench = Bench::new(|_| {});
    let (pipe, link) = (bench.fake.path().join("pipe"), bench.fake.path().join("link"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("pipe", &link).unwrap();
    for path in [&pipe, &link] {
        let (is_well, value) = bench.check(Who::Root, &["--report", path.to_str().unwrap()]);
        assert!(!is_well && value["error"].as_str().unwrap().contains("expected a file"), "{value}");
    }
    assert!(std::os::unix::fs::FileTypeExt::is_fifo(&fs::metadata(&link).unwrap().file_type()));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn check_prints_a_line_for_each_look_and_a_verdict() {
    let bench = Bench::new(|fake| fake.sys("class/fpga_manager/fpga0/state", "unknown"));
    let text = |arguments: &[&str]| String::from_utf8_lossy(&bench.run(Who::Root, "1", arguments).stdout).into_owned();
    let refused = text(&["check"]);
    assert!(refused.starts_with("clock            good     fclk0 142857132 Hz\n"), "{refused}");
    assert!(refused.contains("may not be touched: programmable logic, configuration"), "{refused}");
    let assumed = text(&["check", "--assume-configured"]);
    assert!(assumed.ends_with("the programmable logic may be touched, if that is so\n"), "{assumed}");
}
