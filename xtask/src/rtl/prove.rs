//! `cargo xtask rtl prove`: checks the Coq proofs of the algebra in `rtl/formal/coq`.
//!
//! The sources are searched for what would leave a hole (`Admitted`, `Axiom` and
//! the like), compiled in a folder of their own under the target folder, and
//! every `Theorem` is asked for its assumptions with `Print Assumptions`. The
//! command fails unless all of them are closed under the global context, which
//! means: proved from Coq's logic alone, no axiom of the library included.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::cargo::{root, target_folder};
use crate::columns::columns;

/// The folder of the proofs, from the root of the workspace.
const SOURCES: &str = "rtl/formal/coq";

/// The logical name under which the files know each other (`_CoqProject`).
const LIBRARY: &str = "Deltascope";

/// Commands and tactics that leave a statement unproved, or switch a check of
/// the kernel off. `Print Assumptions` would show most of them; refusing the
/// words as well names the line, and covers lemmas that no theorem uses.
const REFUSED: [&str; 14] = [
    "Abort",
    "Admitted",
    "Axiom",
    "Axioms",
    "Checking",
    "Conjecture",
    "Conjectures",
    "Hypothesis",
    "Parameter",
    "Parameters",
    "Variable",
    "admit",
    "bypass_check",
    "give_up",
];

/// What `Print Assumptions` states of a theorem that rests on nothing.
const CLOSED: &str = "Closed under the global context";

/// One theorem of the sources and what it rests on.
struct Theorem {
    name: String,
    /// File name with its ending, in [`SOURCES`].
    file: String,
    /// Names of axioms, or the report itself where it has another form. Empty
    /// when the theorem is closed.
    assumptions: Vec<String>,
}

/// A source file: its name without `.v`, and its text without comments.
struct Source {
    module: String,
    text: String,
}

/// A build folder that is removed when the check ends, however it ends.
struct BuildFolder(PathBuf);

impl Drop for BuildFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed is only clutter under `target`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Options of the task.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Compiles the proofs and prints each theorem with its assumptions: a table, or
/// as JSON the object `{"theorems": [{"name", "file", "assumptions"}]}`.
///
/// # Errors
///
/// When Coq is missing, when a source holds a refused word or does not compile,
/// when a theorem rests on an axiom, or when the theorem table of the README does
/// not name exactly the theorems of the sources.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = root().join(SOURCES);
    let sources = read_sources(&folder)?;
    for source in &sources {
        refuse_holes(source)?;
    }
    let mut theorems = list_theorems(&sources)?;
    check_readme(&folder, &theorems)?;

    let build = build_folder()?;
    for source in &sources {
        let file = format!("{}.v", source.module);
        fs::copy(folder.join(&file), build.0.join(&file))
            .with_context(|| format!("cannot copy {file} to {}", build.0.display()))?;
    }
    for file in in_dependency_order(&build.0, &sources)? {
        coq("coqc", &build.0, &[&file])?;
    }
    ask_assumptions(&build.0, &sources, &mut theorems)?;
    report(&theorems, sources.len(), arguments.json)
}

fn read_sources(folder: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "v") {
            continue;
        }
        let Some(module) = path.file_stem().and_then(|stem| stem.to_str()) else {
            bail!("{}: the file name is not Unicode", path.display());
        };
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = without_comments(&text).with_context(|| path.display().to_string())?;
        sources.push(Source { module: module.to_owned(), text });
    }
    ensure!(!sources.is_empty(), "no .v file in {}", folder.display());
    sources.sort_by(|a, b| a.module.cmp(&b.module));
    Ok(sources)
}

/// Blanks comments (they nest) and strings, and keeps the line breaks, so that
/// words in prose are not taken for commands and line numbers stay right.
fn without_comments(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut depth = 0_u32;
    let mut in_string = false;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        if c == '\n' {
            out.push('\n');
        } else if in_string || c == '"' {
            in_string ^= c == '"';
            out.push(' ');
        } else if c == '(' && next == Some('*') {
            depth += 1;
            chars.next();
            out.push(' ');
        } else if depth > 0 && c == '*' && next == Some(')') {
            depth -= 1;
            chars.next();
            out.push(' ');
        } else {
            out.push(if depth > 0 { ' ' } else { c });
        }
    }
    ensure!(depth == 0, "a comment is not closed");
    ensure!(!in_string, "a string is not closed");
    Ok(out)
}

/// The identifiers and keywords of a line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\'')).filter(|word| !word.is_empty())
}

fn refuse_holes(source: &Source) -> Result<()> {
    for (number, line) in source.text.lines().enumerate() {
        if let Some(word) = words(line).find(|word| REFUSED.contains(word)) {
            bail!(
                "{SOURCES}/{}.v:{}: `{word}` leaves something unproved: prove it or take it out",
                source.module,
                number + 1
            );
        }
    }
    Ok(())
}

fn list_theorems(sources: &[Source]) -> Result<Vec<Theorem>> {
    let mut names = BTreeSet::new();
    let mut theorems = Vec::new();
    for source in sources {
        let mut words = source.text.lines().flat_map(words);
        while let Some(word) = words.next() {
            if word != "Theorem" {
                continue;
            }
            let Some(name) = words.next() else {
                bail!("{}.v ends after `Theorem`: a name is missing", source.module);
            };
            ensure!(names.insert(name), "theorem `{name}` is there twice: give each a name of its own");
            theorems.push(Theorem {
                name: name.to_owned(),
                file: format!("{}.v", source.module),
                assumptions: Vec::new(),
            });
        }
    }
    ensure!(!theorems.is_empty(), "no `Theorem` in {SOURCES}");
    Ok(theorems)
}

/// The README's theorem table has one row for each theorem and no other: rows
/// that begin with the name in backquotes. (The rows of the file table begin with
/// a name that holds a dot.)
fn check_readme(folder: &Path, theorems: &[Theorem]) -> Result<()> {
    let path = folder.join("README.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let listed = table_names(&text);
    let proved: BTreeSet<&str> = theorems.iter().map(|t| t.name.as_str()).collect();
    let missing: Vec<_> = proved.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&proved).collect();
    ensure!(
        missing.is_empty() && stale.is_empty(),
        "the theorem table of {SOURCES}/README.md is not that of the sources: \
         not in the table {missing:?}, not in the sources {stale:?}"
    );
    Ok(())
}

fn table_names(readme: &str) -> BTreeSet<&str> {
    readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .filter(|name| !name.contains('.'))
        .collect()
}

/// A new, empty folder under the target folder.
fn build_folder() -> Result<BuildFolder> {
    let build = BuildFolder(target_folder().join(format!("prove-{}", std::process::id())));
    fs::create_dir_all(&build.0).with_context(|| format!("cannot create {}", build.0.display()))?;
    Ok(build)
}

/// Runs a tool of Coq over `files` in the build folder and returns what it
/// prints.
fn coq(tool: &str, build: &Path, files: &[&str]) -> Result<String> {
    let mut command = Command::new(tool);
    command.current_dir(build).args(["-Q", ".", LIBRARY]);
    if tool == "coqdep" {
        command.arg("-sort");
    }
    let output = match command.args(files).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "`{tool}` was not found: install Coq (Debian, Ubuntu: \
             `apt-get install --no-install-recommends coq`)"
        ),
        other => other.with_context(|| format!("cannot run `{tool}`"))?,
    };
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "`{tool} {}` failed in {SOURCES}:\n{text}{}",
        files.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(text.into_owned())
}

/// The files, each after those that it requires.
fn in_dependency_order(build: &Path, sources: &[Source]) -> Result<Vec<String>> {
    let files: Vec<String> = sources.iter().map(|s| format!("{}.v", s.module)).collect();
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    let sorted: Vec<String> = coq("coqdep", build, &arguments)?
        .split_whitespace()
        .map(|file| file.trim_start_matches("./").to_owned())
        .collect();
    let all: BTreeSet<&String> = files.iter().collect();
    ensure!(
        sorted.len() == files.len() && sorted.iter().collect::<BTreeSet<_>>() == all,
        "`coqdep -sort` named {sorted:?}, expected an order of {files:?}"
    );
    Ok(sorted)
}

/// Asks for the assumptions of every theorem in one run. Each report goes to a
/// file of its own (`Redirect`), so that none can be taken for another's.
fn ask_assumptions(build: &Path, sources: &[Source], theorems: &mut [Theorem]) -> Result<()> {
    let mut check = format!("From {LIBRARY} Require");
    for source in sources {
        check.push_str(&format!(" {}", source.module));
    }
    check.push_str(".\n");
    for (number, theorem) in theorems.iter().enumerate() {
        let module = theorem.file.trim_end_matches(".v");
        check.push_str(&format!(
            "Redirect \"report_{number}\" Print Assumptions {LIBRARY}.{module}.{}.\n",
            theorem.name
        ));
    }
    // Lower case: no proof file is called so.
    let file = "check_assumptions.v";
    fs::write(build.join(file), check).with_context(|| format!("cannot write {file} in {}", build.display()))?;
    coq("coqc", build, &[file])?;
    for (number, theorem) in theorems.iter_mut().enumerate() {
        let path = build.join(format!("report_{number}.out"));
        let text = fs::read_to_string(&path).with_context(|| format!("no report on theorem `{}`", theorem.name))?;
        theorem.assumptions = assumptions(&text);
    }
    Ok(())
}

/// Reads a report of `Print Assumptions`. Anything but the sentence that states
/// "closed" counts as an assumption: the names that it lists (`name : type`,
/// the type may continue in indented lines), or else the whole text.
fn assumptions(report: &str) -> Vec<String> {
    let report = report.trim();
    if report == CLOSED {
        return Vec::new();
    }
    let names: Vec<String> = report
        .lines()
        .filter(|line| !line.starts_with(char::is_whitespace) && !line.ends_with("s:"))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    if names.is_empty() { vec![format!("not understood: {report:?}")] } else { names }
}

fn report(theorems: &[Theorem], files: usize, json: bool) -> Result<()> {
    if json {
        let rows: Vec<_> =
            theorems.iter().map(|t| json!({"name": t.name, "file": t.file, "assumptions": t.assumptions})).collect();
        println!("{}", json!({ "theorems": rows }));
    } else {
        let row = |theorem: &Theorem| {
            let verdict = match theorem.assumptions.is_empty() {
                true => "closed".to_owned(),
                false => format!("ASSUMES {}", theorem.assumptions.join(", ")),
            };
            vec![theorem.name.clone(), theorem.file.clone(), verdict]
        };
        print!("{}", columns(theorems.iter().map(row), &[]));
    }
    let open: Vec<&str> = theorems.iter().filter(|t| !t.assumptions.is_empty()).map(|t| t.name.as_str()).collect();
    ensure!(open.is_empty(), "{} of {} theorems rest on assumptions: {}", open.len(), theorems.len(), open.join(", "));
    if !json {
        println!("{} theorems in {files} files, every one closed under the global context", theorems.len());
    }
    Ok(())
}

#[cfg(test)]
#[path = "prove/tests.rs"]
mod tests;
