//! Picture of a terminal: the committed output of a command as SVG.

use crate::cargo::root;
use crate::demo;
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;

/// Output of `cargo xtask demo`, the committed text that the picture shows.
const TEXT: &str = "docs/img/demo.txt";
/// The picture.
const PICTURE: &str = "docs/img/demo.svg";

/// Width of one character and height of one line, in pixels, for a monospaced font of 14 pixels.
const CHARACTER: f64 = 8.43;
const LINE: usize = 19;
const MARGIN: usize = 16;

/// Writes the picture of the committed output, or with `check` compares it.
pub fn picture(check: bool) -> Result<()> {
    let text = fs::read_to_string(root().join(TEXT)).with_context(|| format!("reading {TEXT}"))?;
    let svg = terminal("$ cargo xtask demo", &text);
    let path = root().join(PICTURE);
    if fs::read_to_string(&path).ok().as_ref() == Some(&svg) {
        return Ok(());
    }
    ensure!(!check, "{PICTURE} is not the picture of {TEXT}; run `cargo xtask gen` and commit the result");
    fs::write(&path, svg).with_context(|| format!("writing {PICTURE}"))
}

/// Runs the demo and writes its output, or with `check` compares the rows of its workload, whose result is known.
pub fn output(check: bool) -> Result<()> {
    let run = demo::command(demo::Engine::Model, false)?.output().context("running the demo")?;
    ensure!(run.status.success(), "the demo failed with {}: {}", run.status, String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).context("the demo's output is not UTF-8")?;
    if !check {
        return fs::write(root().join(TEXT), text).with_context(|| format!("writing {TEXT}"));
    }
    let written = fs::read_to_string(root().join(TEXT)).with_context(|| format!("reading {TEXT}"))?;
    let rows = |text: &str| -> Vec<Vec<String>> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        text.lines().filter(|line| line.starts_with("[workload/")).map(words).collect()
    };
    let (mut expected, mut found) = (rows(&written), rows(&text));
    expected.sort();
    found.sort();
    ensure!(expected == found, "rows of the workload: {TEXT} has {expected:?}, the demo prints {found:?}");
    Ok(())
}

/// Draws a terminal with a command and its output.
fn terminal(command: &str, output: &str) -> String {
    let lines: Vec<&str> = std::iter::once(command).chain(output.lines()).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = 2 * MARGIN + (longest as f64 * CHARACTER).ceil() as usize;
    let height = 2 * MARGIN + lines.len() * LINE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Output of {}\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" \
         fill=\"#16181d\"/>\n<g font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"14\" \
         fill=\"#d7dae0\" xml:space=\"preserve\">\n",
        escaped(command.trim_start_matches("$ "))
    );
    for (row, line) in lines.iter().enumerate() {
        let colour = if row == 0 { " fill=\"#8fc7ff\"" } else { "" };
        let y = MARGIN + row * LINE + 14;
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\"{colour}>{}</text>", escaped(line));
    }
    svg + "</g>\n</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::terminal;

    #[test]
    fn text_is_escaped_and_the_longest_line_fits() {
        let svg = terminal("$ a", "x < \"y\" & z\n0123456789");
        assert!(svg.contains("x &lt; &quot;y&quot; &amp; z"));
        assert!(svg.contains("width=\"125\" height=\"89\""), "{svg}");
    }
}
