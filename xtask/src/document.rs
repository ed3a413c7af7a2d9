//! Tables that a command writes into a document, between two marks.

use crate::cargo::root;
use anyhow::{Context, Result, bail, ensure};

/// Options of a task that has a table in a document.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write the task's tables into their document instead of comparing them
    #[arg(long)]
    pub write: bool,
}

/// Puts `table` between the marks `<!-- begin NAME -->` and `<!-- end NAME -->` of `document`; with `check` only
/// compares, and fails when what stands there is another one.
pub fn put(document: &str, name: &str, table: &str, check: bool) -> Result<()> {
    let path = root().join(document);
    let old = std::fs::read_to_string(&path).with_context(|| format!("reading {document}"))?;
    let new = replaced(&old, name, table).with_context(|| document.to_owned())?;
    if check {
        ensure!(old == new, "{document}: the table `{name}` is stale; run `cargo xtask {name}`");
        return Ok(());
    }
    std::fs::write(&path, new).with_context(|| format!("writing {document}"))
}

/// The lines between the marks of `name` in `document`.
pub fn section(document: &str, name: &str) -> Result<String> {
    let page = std::fs::read_to_string(root().join(document)).with_context(|| format!("reading {document}"))?;
    let [_, between, _] = split(&page, name).with_context(|| document.to_owned())?;
    Ok(between.strip_prefix('\n').unwrap_or(between).to_owned())
}

fn replaced(old: &str, name: &str, table: &str) -> Result<String> {
    let [before, _, behind] = split(old, name)?;
    Ok(format!("{before}\n{table}{behind}"))
}

/// The page up to the first mark, from there to the second mark, and the rest; each mark stands with its outside.
fn split<'a>(page: &'a str, name: &str) -> Result<[&'a str; 3]> {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (Some(from), Some(to)) = (page.find(&begin), page.find(&end)) else {
        bail!("expected the marks `{begin}` and `{end}`, found them not");
    };
    ensure!(from < to, "expected `{begin}` before `{end}`, found it behind");
    let from = from + begin.len();
    Ok([&page[..from], &page[from..to], &page[to..]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_changes() -> Result<()> {
        let old = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        assert_eq!(replaced(old, "x", "new\n")?, "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n");
        assert_eq!(replaced(&replaced(old, "x", "new\n")?, "x", "old\n")?, old);
        assert!(replaced(old, "y", "").is_err());
        assert!(replaced("<!-- end x --><!-- begin x -->", "x", "").is_err());
        Ok(())
    }
}
