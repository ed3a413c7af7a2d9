//! `cargo xtask board flash`: the bitstream over JTAG, or the files of `dist` onto a card.

use super::bitstream::Bitstream;
use super::dist::{self, BIT, SUMS};
use super::vivado_check::Tree;
use super::vivado_check::board_data::Board;
use crate::setup::{OPENFPGALOADER, SHA256SUM, require};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Board: a folder of boards/zynq7020
    #[arg(long)]
    pub board: String,
    /// Bitstream to load over JTAG; by default that of target/dist/BOARD
    #[arg(long, value_name = "FILE", conflicts_with = "card")]
    pub bitstream: Option<PathBuf>,
    /// Copy target/dist/BOARD to this folder, where a card with a FAT file system is mounted, instead of JTAG
    #[arg(long, value_name = "FOLDER")]
    pub card: Option<PathBuf>,
    /// Cable, as `openFPGALoader --list-cables` has it, where the board's own does not fit
    #[arg(long, value_name = "NAME", conflicts_with = "card")]
    pub cable: Option<String>,
    /// Only print the commands
    #[arg(long)]
    pub dry_run: bool,
}

/// Commands, each a program and its arguments.
type Plan = Vec<Vec<String>>;

/// Checks what is to be written, then prints or runs the commands.
pub fn run(arguments: &Arguments) -> Result<()> {
    let board = Board::load(&Tree::checkout(), &arguments.board)?;
    let folder = dist::folder(&arguments.board);
    let bitstream = arguments.bitstream.clone().unwrap_or_else(|| folder.join(BIT));
    let there = bitstream.exists();
    ensure!(
        there || (arguments.dry_run && arguments.bitstream.is_none()),
        "expected a bitstream at {}, found none; make it with `cargo xtask board dist --board {}`",
        bitstream.display(),
        arguments.board
    );
    if there {
        let bytes = fs::read(&bitstream).with_context(|| format!("reading {}", bitstream.display()))?;
        let checked = Bitstream::read(&bytes).and_then(|read| read.check(&board.part));
        checked.with_context(|| format!("refusing {}", bitstream.display()))?;
    }
    let plan = match &arguments.card {
        Some(card) => copies(&folder, card, arguments.dry_run)?,
        None => vec![jtag(&board, arguments.cable.as_deref(), &bitstream)?],
    };
    if arguments.dry_run {
        for command in &plan {
            println!("{}", command.join(" "));
        }
        if !there {
            eprintln!("{} is not there yet: `cargo xtask board dist` makes it", bitstream.display());
        }
        return Ok(());
    }
    match &arguments.card {
        Some(card) => {
            mounted(card)?;
            verify(&folder)?;
        }
        None => require(&[OPENFPGALOADER])?,
    }
    for command in &plan {
        let status = Command::new(&command[0]).args(&command[1..]).status();
        let status = status.with_context(|| format!("starting {}", command[0]))?;
        ensure!(status.success(), "{} ended with {status}", command.join(" "));
    }
    if let Some(card) = &arguments.card {
        verify(card).context("reading the card back")?;
    }
    Ok(())
}

/// The command that loads the logic over JTAG. It is lost when the board is switched off.
fn jtag(board: &Board, cable: Option<&str>, bitstream: &Path) -> Result<Vec<String>> {
    let mut command = vec!["openFPGALoader".to_owned()];
    match (cable, &board.programmer) {
        (Some(cable), _) => {
            let part = board.part.split('-').next().unwrap_or_default();
            command.extend(["--cable", cable, "--fpga-part", part].map(str::to_owned));
        }
        (None, Some(name)) => command.extend(["--board".to_owned(), name.clone()]),
        (None, None) => bail!(
            "expected --cable NAME, as `openFPGALoader --list-cables` has it, found none: openFPGALoader does not know \
             the cable of this board"
        ),
    }
    command.push(bitstream.display().to_string());
    Ok(command)
}

/// The commands that copy every file of the folder to a card.
fn copies(folder: &Path, card: &Path, dry_run: bool) -> Result<Plan> {
    let sums = match fs::read_to_string(folder.join(SUMS)) {
        Ok(text) => text,
        Err(_) if dry_run => format!("-  {}\n", dist::BOOT),
        Err(error) => bail!("expected {} from `cargo xtask board dist`: {error}", folder.join(SUMS).display()),
    };
    let names = sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name).chain([SUMS]);
    let text = |path: PathBuf| path.display().to_string();
    let copy = |name: &str| vec!["cp".into(), "--".into(), text(folder.join(name)), text(card.join(name))];
    let names: Vec<&str> = names.collect();
    let mut plan: Plan = names.iter().map(|name| copy(name)).collect();
    plan.push(vec!["sync".into(), "-f".into(), text(card.to_owned())]);
    // Without this the sums would be taken of what the kernel remembers, not of the card.
    let forget = |name: &&str| format!("if={}", text(card.join(name)));
    plan.extend(
        names
            .iter()
            .map(forget)
            .map(|file| vec!["dd".to_owned(), file, "iflag=nocache".into(), "count=0".into(), "status=none".into()]),
    );
    Ok(plan)
}

/// Refuses a folder that is no mounted FAT: the boot ROM reads nothing else, and a copy beside the card has no use.
fn mounted(card: &Path) -> Result<()> {
    let card = card.canonicalize().with_context(|| format!("expected a folder at {}", card.display()))?;
    let mounts = fs::read_to_string("/proc/self/mounts").context("reading the mounts")?;
    fat_at(&mounts, &card)
}

fn fat_at(mounts: &str, card: &Path) -> Result<()> {
    let kind = mounts.lines().rev().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        // Spaces of a path are written as \040.
        let path = words.next()?.replace("\\040", " ");
        (Path::new(&path) == card).then(|| words.next().unwrap_or_default().to_owned())
    });
    match kind.as_deref() {
        Some("vfat" | "msdos") => Ok(()),
        found => bail!(
            "{}: expected the FAT file system of a card mounted there, found {}; mount its first partition",
            card.display(),
            found.unwrap_or("no mount")
        ),
    }
}

/// Checks the sums of a folder.
pub fn verify(folder: &Path) -> Result<()> {
    require(&[SHA256SUM])?;
    let mut command = Command::new("sha256sum");
    let output = command.current_dir(folder).args(["--check", "--strict", "--quiet", SUMS]).output();
    let output = output.context("starting sha256sum")?;
    ensure!(
        output.status.success(),
        "{}: expected the files of {SUMS}, found {}{}; assemble or copy them again",
        folder.display(),
        String::from_utf8_lossy(&output.stdout).trim(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn board_or_cable_names_the_programmer() {
        let tree = Tree::checkout();
        let file = Path::new("x.bit");
        let pynq = Board::load(&tree, "pynq-z2").expect("a board");
        assert_eq!(jtag(&pynq, None, file).expect("a command").join(" "), "openFPGALoader --board pynq_z2 x.bit");
        let alinx = Board::load(&tree, "ax7020").expect("a board");
        assert!(jtag(&alinx, None, file).expect_err("no cable").to_string().contains("--list-cables"));
        assert_eq!(
            jtag(&alinx, Some("ft232"), file).expect("a command").join(" "),
            "openFPGALoader --cable ft232 --fpga-part xc7z020clg400 x.bit"
        );
    }

    #[test]
    fn only_a_mounted_fat_takes_the_files() {
        let mounts = "/dev/root / ext4 rw 0 0\n/dev/sdb1 /media/a\\040card vfat rw 0 0\n";
        fat_at(mounts, Path::new("/media/a card")).expect("a card");
        let root = fat_at(mounts, Path::new("/")).expect_err("not a card").to_string();
        assert!(root.contains("found ext4"), "{root}");
        assert!(fat_at(mounts, Path::new("/media")).is_err());
    }
}
