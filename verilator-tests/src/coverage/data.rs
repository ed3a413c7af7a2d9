//! Counts as Verilator writes them, added up over instances and files.

use std::collections::BTreeMap;
use std::path::Path;

use super::CoverageError;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A branch: the line that begins it, and which of its sides.
    Line {
        /// From 1.
        line: u32,
        /// `if`, `else`, `case`, `block` and so on.
        side: String,
    },
    /// A bit of a signal.
    Bit {
        /// The signal.
        signal: String,
        /// The bit; 0 for a signal of one bit.
        bit: u32,
    },
}

/// Counts by block and point.
#[derive(Clone, Debug, Default)]
pub struct Points {
    counts: BTreeMap<(String, Point), u64>,
}

/// Points of one block that were never met, as a reason speaks of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The block.
    pub block: String,
    /// The signal, or the text of the line with its side in front.
    pub what: String,
    /// The bit; `None` for a line.
    pub bit: Option<u32>,
}

impl Points {
    /// Adds the counts of a file.
    ///
    /// # Errors
    /// When it cannot be read or is no file of counts.
    pub fn add(&mut self, path: &Path) -> Result<(), CoverageError> {
        let file = |source| CoverageError::File { path: path.to_owned(), source };
        let text = std::fs::read(path).map_err(file)?;
        for line in String::from_utf8_lossy(&text).lines().filter(|line| line.starts_with("C ")) {
            let fault = || CoverageError::Format { path: path.to_owned(), found: line.to_owned() };
            let (fields, count) = line[2..].trim_start_matches('\'').rsplit_once("' ").ok_or_else(fault)?;
            let count: u64 = count.trim().parse().map_err(|_| fault())?;
            let (block, point) = parse(fields).ok_or_else(fault)?;
            *self.counts.entry((block, point)).or_default() += count;
        }
        Ok(())
    }

    /// Points and covered ones of each block: lines, then bits.
    pub fn by_block(&self) -> BTreeMap<&str, [(u64, u64); 2]> {
        let mut blocks: BTreeMap<&str, [(u64, u64); 2]> = BTreeMap::new();
        for ((block, point), count) in &self.counts {
            let kind = usize::from(matches!(point, Point::Bit { .. }));
            let (all, covered) = &mut blocks.entry(block).or_default()[kind];
            *all += 1;
            *covered += u64::from(*count > 0);
        }
        blocks
    }

    /// Everything that was never met. `text` gives a line of a block's Verilog.
    pub fn gaps(&self, text: impl Fn(&str, u32) -> String) -> Vec<Gap> {
        let missed = self.counts.iter().filter(|(_, count)| **count == 0);
        let gap = |block: &str, point: &Point| match point {
            Point::Bit { signal, bit } => Gap { block: block.to_owned(), what: signal.clone(), bit: Some(*bit) },
            Point::Line { line, side } => {
                let what = format!("{side}: {}", text(block, *line).trim());
                Gap { block: block.to_owned(), what, bit: None }
            }
        };
        missed.map(|((block, point), _)| gap(block, point)).collect()
    }
}

/// Block and point of `\x01key\x02value` fields.
fn parse(fields: &str) -> Option<(String, Point)> {
    let pairs = fields.split('\u{1}').filter_map(|field| field.split_once('\u{2}'));
    let fields: BTreeMap<&str, &str> = pairs.collect();
    let (kind, block) = fields.get("page")?.split_once('/')?;
    let comment = (*fields.get("o")?).to_owned();
    let point = if kind == "v_toggle" {
        let (signal, bit) = match comment.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((signal, bit)) => (signal.to_owned(), bit.parse().ok()?),
            None => (comment, 0),
        };
        Point::Bit { signal, bit }
    } else {
        Point::Line { line: fields.get("l")?.parse().ok()?, side: comment }
    };
    Some((block.to_owned(), point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_added_up() {
        let folder = std::env::temp_dir().join(format!("deltascope-coverage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("0.dat");
        let point = |page: &str, line: u32, comment: &str, instance: &str, count: u32| {
            format!(
                "C '\u{1}f\u{2}a.v\u{1}l\u{2}{line}\u{1}page\u{2}{page}\u{1}o\u{2}{comment}\u{1}h\u{2}{instance}' {count}\n"
            )
        };
        let text = [
            point("v_toggle/lane", 3, "held[1]", "dut.a", 0),
            point("v_toggle/lane", 3, "held[1]", "dut.b", 2),
            point("v_toggle/lane", 3, "held[2]", "dut.a", 0),
            point("v_branch/lane", 4, "else", "dut.a", 0),
        ];
        std::fs::write(&path, format!("# SystemC::Coverage-3\n{}", text.concat())).unwrap();
        let mut points = Points::default();
        points.add(&path).unwrap();
        assert_eq!(points.by_block()["lane"], [(1, 0), (2, 1)]);
        let gaps = points.gaps(|block, line| format!("  {block} {line} "));
        let gap = |what: &str, bit| Gap { block: "lane".into(), what: what.into(), bit };
        assert_eq!(gaps, [gap("else: lane 4", None), gap("held", Some(2))]);
        std::fs::write(&path, "C broken\n").unwrap();
        assert!(points.add(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
