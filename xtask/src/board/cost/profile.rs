//! Which functions of an ARM program the counted instructions belong to.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Instructions by function.
pub type Profile = BTreeMap<String, f64>;

/// A function of the program: its first address, the address behind it, its name.
type Symbol = (u64, u64, String);

/// Reads what the plugin wrote in `counts` of a run of `program`.
///
/// # Errors
/// A file does not hold what is expected, or less than nineteen in twenty instructions belong to a named function.
pub fn read(program: &Path, counts: &Path) -> Result<Profile> {
    let text = std::fs::read_to_string(counts).with_context(|| format!("reading {}", counts.display()))?;
    let header = std::fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    // e_entry of an ELF header of 32 bits.
    let entry: [u8; 4] = header.get(24..28).context("expected an ELF header")?.try_into()?;
    let symbols = Command::new("arm-linux-gnueabihf-nm")
        .args(["--demangle", "--defined-only", "--print-size", "--numeric-sort"])
        .arg(program)
        .output()
        .context("starting arm-linux-gnueabihf-nm")?;
    ensure!(symbols.status.success(), "arm-linux-gnueabihf-nm failed with {}", symbols.status);
    let profile = attribute(&text, &functions(&String::from_utf8_lossy(&symbols.stdout)), u32::from_le_bytes(entry))?;
    let (all, unnamed) = (profile.values().sum::<f64>(), profile.get(UNNAMED).copied().unwrap_or(0.0));
    ensure!(unnamed <= all / 20.0, "{}: {unnamed} of {all} instructions belong to no function", program.display());
    Ok(profile)
}

/// What belongs to no function: start-up code and what the C library gives no size.
const UNNAMED: &str = "(unnamed)";

/// Reads the lines of nm, in the order of the addresses: `ADDRESS SIZE TYPE NAME`. What was written in assembler may have no
/// size; it reaches to the next function.
fn functions(text: &str) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for line in text.lines() {
        let Some((address, rest)) = line.split_once(' ') else { continue };
        let Ok(address) = u64::from_str_radix(address, 16) else { continue };
        let sized = rest.split_once(' ').and_then(|(size, rest)| Some((u64::from_str_radix(size, 16).ok()?, rest)));
        let (size, rest) = sized.unwrap_or((0, rest));
        let Some((kind, name)) = rest.split_once(' ') else { continue };
        // Bit 0 marks a function in Thumb code; it is no part of its address.
        let address = address & !1;
        if let Some((start, end, _)) = symbols.last_mut()
            && start == end
        {
            *end = address;
        }
        if "tTwW".contains(kind) {
            symbols.push((address, address + size, without_hash(name)));
        }
    }
    symbols
}

/// The name of a Rust function ends with a hash that another build changes.
fn without_hash(name: &str) -> String {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path.to_owned(),
        _ => name.to_owned(),
    }
}

/// Adds up the instructions of each function; `entry` is where the program begins, as its file gives it.
fn attribute(counts: &str, symbols: &[Symbol], entry: u32) -> Result<Profile> {
    let mut lines = counts.lines();
    let first = lines.next().and_then(|line| line.strip_prefix("entry "));
    let loaded = first.and_then(|word| u64::from_str_radix(word, 16).ok());
    let loaded = loaded.with_context(|| format!("expected `entry ADDRESS`, found {:?}", counts.lines().next()))?;
    // A program that may be loaded anywhere is moved as a whole.
    let moved = loaded.wrapping_sub(u64::from(entry)) & !1;
    let mut profile = Profile::new();
    for line in lines {
        let numbers = line
            .split_once(' ')
            .and_then(|(address, count)| Some((u64::from_str_radix(address, 16).ok()?, count.parse::<u64>().ok()?)));
        let Some((address, count)) = numbers else { bail!("expected `ADDRESS INSTRUCTIONS`, found {line:?}") };
        let address = address.wrapping_sub(moved);
        let at = symbols.partition_point(|(start, _, _)| *start <= address);
        let inside = symbols[..at].iter().rev().take(4).find(|(_, end, _)| address < *end);
        let name = inside.map_or(UNNAMED, |(_, _, name)| name.as_str());
        *profile.entry(name.to_owned()).or_default() += count as f64;
    }
    Ok(profile)
}

/// What one more event costs, from a run with few events and one with many.
pub fn per_event(few: &Profile, many: &Profile, events: u64) -> Profile {
    let before = |name: &str| few.get(name).copied().unwrap_or(0.0);
    many.iter().map(|(name, count)| (name.clone(), (count - before(name)) / events as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::{UNNAMED, attribute, functions, per_event};

    #[test]
    fn instructions_belong_to_the_function_that_holds_their_address() {
        let nm = "00010000 00000010 T _start\n00010021 00000008 t crate::run::h0123456789abcdef\n\
                  00010040 t no_size\n00010060 00000004 D data\n";
        let symbols = functions(nm);
        assert_eq!(symbols.len(), 3);
        // Loaded 0x1000 higher than the file gives.
        let counts = "entry 11000\n11004 30\n11020 7\n11024 5\n11030 2\n11050 9\n11060 1\n";
        let profile = attribute(counts, &symbols, 0x10000).expect("counts");
        assert_eq!(profile["_start"], 30.0);
        assert_eq!(profile["crate::run"], 12.0);
        assert_eq!((profile["no_size"], profile[UNNAMED]), (9.0, 3.0));
        assert!(attribute("11004 30\n", &symbols, 0).is_err());
    }

    #[test]
    fn start_up_is_not_in_the_cost_of_an_event() {
        let few = [("run".to_owned(), 1_500.0)].into();
        let many = [("run".to_owned(), 3_500.0), ("new".to_owned(), 100.0)].into();
        let each = per_event(&few, &many, 100);
        assert_eq!((each["run"], each["new"]), (20.0, 1.0));
    }
}
