//! `deltascope top` on a pseudo-terminal, and the picture of its screen.

use super::agent::LIMIT;
use super::workload::Family;
use crate::cargo::{release_folder, root};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Lines and columns of the terminal.
const SIZE: (NonZero<u16>, NonZero<u16>) = (NonZero::new(14).unwrap(), NonZero::new(100).unwrap());
/// Picture of the screen, below the root of the repository.
const PICTURE: &str = "docs/img/top.svg";
/// Rounds after which the picture is taken: a trend needs some.
const ROUNDS: u64 = 5;

/// Shows two families on a terminal, the worse one first, and writes its picture.
pub fn check(options: &[&str], [worse, better]: [&Family; 2]) -> Result<Value> {
    let folder = release_folder()?;
    let (top, boardd) = (folder.join("deltascope"), folder.join("deltascope-boardd"));
    let mut words = vec![top.display().to_string(), "top".to_owned(), "--interval".to_owned(), "5".to_owned()];
    words.extend(options.iter().map(|&option| option.to_owned()));
    words.extend(["--boardd".to_owned(), boardd.display().to_string()]);
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let command = format!("stty rows {} cols {} && exec {}", SIZE.0, SIZE.1, quoted.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--return", "--command", &command, "/dev/null"]);
    script.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting script")?;
    let mut output = child.stdout.take().context("no output")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count) = output.read(&mut bytes) {
            if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut screen = vt100::Parser::new(SIZE.0, SIZE.1, 0);
    let begun = Instant::now();
    let shown = loop {
        match receiver.recv_timeout(Duration::from_millis(200)) {
            Ok(bytes) => screen.process(&bytes),
            Err(RecvTimeoutError::Disconnected) => break false,
            // Nothing has come for a while: the screen is whole.
            Err(RecvTimeoutError::Timeout) if is_shown(&screen.screen().contents(), worse, better) => break true,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if begun.elapsed() > LIMIT {
            break false;
        }
    };
    let text = screen.screen().contents();
    // A program that has ended takes no key.
    let _ = child.stdin.take().context("no input")?.write_all(b"q");
    let status = child.wait()?;
    ensure!(shown, "the terminal does not show both families, the worse one first: {text}");
    ensure!(status.success(), "top has ended with {status}");
    fs::write(root().join(PICTURE), picture(screen.screen()))?;
    Ok(json!({"picture": PICTURE, "first_row": text.lines().find(|line| line.contains(&worse.name))}))
}

/// Whether enough rounds are shown, with both families in order.
fn is_shown(text: &str, worse: &Family, better: &Family) -> bool {
    let rounds = text.split("round ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    let places = [worse, better].map(|family| text.find(&family.name));
    rounds >= Some(ROUNDS) && places[0].is_some() && places[0] < places[1]
}

/// Width of a character and height of a line, pixels, of a monospaced font of 14 pixels.
const CHARACTER: f64 = 8.43;
const LINE: f64 = 19.0;
const MARGIN: f64 = 16.0;
const COLOURS: [&str; 8] = ["#16181d", "#ff8a94", "#7ddc98", "#e5c07b", "#8fc7ff", "#d59bf6", "#7fd9e0", "#d7dae0"];

fn colour(colour: vt100::Color, default: &str) -> String {
    match colour {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Idx(8) => "#8b919c".to_owned(),
        vt100::Color::Idx(index) => COLOURS[usize::from(index) % COLOURS.len()].to_owned(),
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// How a cell is drawn: text colour, colour behind it, weight.
fn style(cell: &vt100::Cell) -> (String, String, bool) {
    let (text, back) = (colour(cell.fgcolor(), COLOURS[7]), colour(cell.bgcolor(), COLOURS[0]));
    if cell.inverse() { (back, text, cell.bold()) } else { (text, back, cell.bold()) }
}

/// Draws a screen as SVG.
fn picture(screen: &vt100::Screen) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let used = (0..rows).rev().find(|&row| screen.contents_between(row, 0, row, columns).trim() != "").unwrap_or(0) + 1;
    let (width, height) = (2.0 * MARGIN + f64::from(columns) * CHARACTER, 2.0 * MARGIN + f64::from(used) * LINE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"The screen of deltascope top\">\n<rect width=\"{width:.0}\" \
         height=\"{height:.0}\" rx=\"8\" fill=\"{}\"/>\n<g font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" \
         font-size=\"14\" xml:space=\"preserve\">\n",
        COLOURS[0]
    );
    for row in 0..used {
        let mut column = 0;
        while column < columns {
            let Some(style) = screen.cell(row, column).map(style) else { break };
            let begin = column;
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| self::style(cell) == style) {
                text += if cell.has_contents() { cell.contents() } else { " " };
                column += 1;
            }
            let (x, y) = (MARGIN + f64::from(begin) * CHARACTER, MARGIN + f64::from(row) * LINE);
            let wide = f64::from(column - begin) * CHARACTER;
            let (fill, back, bold) = style;
            if back != COLOURS[0] {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{wide:.1}\" height=\"{LINE}\" fill=\"{back}\"/>"
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let weight = if bold { " font-weight=\"bold\"" } else { "" };
            // Browsers join blanks, also those that `xml:space` preserves.
            let kept = text.trim_end().replace(' ', "\u{a0}");
            let escaped = kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            // Fonts differ in their width: each run takes the room that it has on the terminal.
            let length = text.trim_end().chars().count() as f64 * CHARACTER;
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.0}\" fill=\"{fill}\"{weight} textLength=\"{length:.1}\">{escaped}</text>",
                y + 14.0
            );
        }
    }
    svg + "</g>\n</svg>\n"
}
