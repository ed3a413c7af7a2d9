//! Tables that a command makes, in a document between two marks.

use crate::cargo::root;
use crate::setup::Tool;
use anyhow::{Context, Result, bail, ensure};

/// Begins the line of a table that names the tools on whose versions its figures depend.
const TOOLS: &str = "Made with ";

/// A table of a document, between the marks `<!-- begin NAME -->` and `<!-- end NAME -->`.
pub struct Table {
    /// The document, from the root of the workspace.
    pub page: &'static str,
    /// Name in the marks and on the command line.
    pub name: &'static str,
    /// Tools on whose versions the figures depend.
    pub tools: &'static [Tool],
}

/// What a comparison found.
#[derive(Debug, PartialEq, Eq)]
enum Comparison {
    Same,
    /// The figures are of other versions of the tools: these.
    OtherTools(String),
    Stale,
}

impl Table {
    /// Writes `text` between the marks, or with `check` compares it with what is there. Figures of other versions of the
    /// tools are not compared: a line names both versions.
    ///
    /// # Errors
    /// When the document has no such marks, when a tool's version is not known, or when the table is stale.
    pub fn put(&self, text: &str, check: bool) -> Result<()> {
        let tools = self.tools_line()?;
        let path = root().join(self.page);
        let page = std::fs::read_to_string(&path).with_context(|| format!("reading {}", self.page))?;
        let [before, old, after] = split(&page, self.name).with_context(|| self.page.to_owned())?;
        if !check {
            let tools = tools.map_or(String::new(), |line| format!("{line}\n\n"));
            let new = format!("{before}\n{tools}{text}{after}");
            return match new == page {
                true => Ok(()),
                false => {
                    std::fs::write(&path, new).with_context(|| format!("writing {}", self.page))?;
                    println!("wrote the table `{}` in {}", self.name, self.page);
                    Ok(())
                }
            };
        }
        match compare(old.trim_start_matches('\n'), tools.as_deref(), text) {
            Comparison::Same => Ok(()),
            Comparison::OtherTools(written) => {
                println!(
                    "{}: the table `{}` is of {written}, this machine has {}: only limits are compared",
                    self.page,
                    self.name,
                    tools.as_deref().map_or("none of them", without_words)
                );
                Ok(())
            }
            Comparison::Stale => bail!(
                "{}: the table `{}` is stale; run `cargo xtask gen --only {}` and commit the result",
                self.page,
                self.name,
                self.name
            ),
        }
    }

    /// Returns what is between the marks, the line of the tools left out.
    pub fn written(&self) -> Result<String> {
        let page = std::fs::read_to_string(root().join(self.page)).with_context(|| format!("reading {}", self.page))?;
        let [_, between, _] = split(&page, self.name).with_context(|| self.page.to_owned())?;
        Ok(tools_and_rest(between.trim_start_matches('\n')).1.to_owned())
    }

    fn tools_line(&self) -> Result<Option<String>> {
        if self.tools.is_empty() {
            return Ok(None);
        }
        let versions = self.tools.iter().map(|tool| Ok(format!("{} {}", tool.program, tool.version()?)));
        Ok(Some(format!("{TOOLS}{}.", versions.collect::<Result<Vec<_>>>()?.join(", "))))
    }
}

/// Returns the versions that a line of tools names.
fn without_words(line: &str) -> &str {
    line.strip_prefix(TOOLS).unwrap_or(line).trim_end_matches('.')
}

/// Splits a table into the line of its tools, if it has one, and the rest.
fn tools_and_rest(table: &str) -> (Option<&str>, &str) {
    match table.split_once("\n\n") {
        Some((line, rest)) if line.starts_with(TOOLS) => (Some(line), rest),
        _ => (None, table),
    }
}

fn compare(old: &str, tools: Option<&str>, text: &str) -> Comparison {
    let (written, rest) = tools_and_rest(old);
    match written {
        Some(written) if tools != Some(written) => Comparison::OtherTools(without_words(written).to_owned()),
        _ if written == tools && rest == text => Comparison::Same,
        _ => Comparison::Stale,
    }
}

/// Returns the page up to the first mark, from there to the second mark, and the rest; each mark is with its outside.
fn split<'a>(page: &'a str, name: &str) -> Result<[&'a str; 3]> {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (Some(from), Some(to)) = (page.find(&begin), page.find(&end)) else {
        bail!("expected the marks `{begin}` and `{end}`, found at most one of them");
    };
    ensure!(from < to, "expected `{begin}` before `{end}`, found it after");
    let from = from + begin.len();
    Ok([&page[..from], &page[from..to], &page[to..]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_enclose_the_table() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let parts = ["a\n<!-- begin x -->", "\nold\n", "<!-- end x -->\nb\n"];
        assert_eq!(split(page, "x").expect("both marks"), parts);
        assert!(split(page, "y").is_err());
        assert!(split("<!-- end x --><!-- begin x -->", "x").is_err());
    }

    #[test]
    fn other_tools_are_not_stale_and_other_figures_are() {
        let table = "Made with yosys 0.23.\n\n| a |\n";
        let ours = Some("Made with yosys 0.23.");
        assert_eq!(compare(table, ours, "| a |\n"), Comparison::Same);
        assert_eq!(compare(table, ours, "| b |\n"), Comparison::Stale);
        let other = Some("Made with yosys 0.52.");
        assert_eq!(compare(table, other, "| b |\n"), Comparison::OtherTools("yosys 0.23".to_owned()));
        assert_eq!(compare("| a |\n", ours, "| a |\n"), Comparison::Stale, "the table names no tool");
        assert_eq!(compare("| a |\n", None, "| a |\n"), Comparison::Same);
    }
}
