//! Waveforms as SVG: plain shapes, the same bytes for the same trace.

use std::fmt::Write;

/// Width of the column of names, of one clock, and height of one row, in pixels.
const NAMES: usize = 190;
const CLOCK: usize = 52;
const ROW: usize = 28;
/// Height of a wave inside its row.
const WAVE: usize = 18;
/// Room above the rows for the title and the numbers of the clocks.
const HEAD: usize = 52;
const MARGIN: usize = 14;
/// Width of a character of a value.
const DIGIT: usize = 7;

const STYLE: &str = "<style>\
text{font-family:ui-monospace,Consolas,Menlo,monospace;font-size:12px;fill:#1d2733}\
.t{font-family:system-ui,sans-serif;font-size:14px;font-weight:600}\
.n{fill:#7b8794;font-size:11px;text-anchor:middle}\
.v{text-anchor:middle}\
.g{stroke:#e3e8ee;stroke-width:1}\
.w{fill:none;stroke:#0b6e99;stroke-width:1.6;stroke-linejoin:round}\
.c{fill:none;stroke:#7b8794;stroke-width:1.2}\
.b{fill:#e8f3f8;stroke:#0b6e99;stroke-width:1.2}\
.x{fill:#eef1f4;stroke:#c3ccd5;stroke-width:1}\
</style>";

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name beside it.
    pub name: String,
    /// Value in each clock; `None` where it means nothing.
    pub values: Vec<Option<String>>,
    /// One bit: drawn as a line.
    pub is_bit: bool,
}

/// A picture of `rows` from clock 0 on.
pub fn picture(title: &str, rows: &[Row]) -> String {
    let clocks = rows.iter().map(|row| row.values.len()).max().unwrap_or(0);
    let width = MARGIN * 2 + NAMES + clocks * CLOCK;
    let height = MARGIN + HEAD + (rows.len() + 1) * ROW + MARGIN / 2;
    let left = MARGIN + NAMES;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{0}\">\n{STYLE}\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#ffffff\"/>\n\
         <text class=\"t\" x=\"{MARGIN}\" y=\"{1}\">{0}</text>",
        escape(title),
        MARGIN + 10,
    );
    let bottom = MARGIN + HEAD + (rows.len() + 1) * ROW;
    for clock in 0..=clocks {
        let x = left + clock * CLOCK;
        let _ = writeln!(out, "<path class=\"g\" d=\"M{x} {}V{bottom}\"/>", MARGIN + HEAD - 8);
        if clock < clocks {
            let (at, y) = (x + CLOCK / 2, MARGIN + HEAD - 14);
            let _ = writeln!(out, "<text class=\"n\" x=\"{at}\" y=\"{y}\">{clock}</text>");
        }
    }
    let top = MARGIN + HEAD + (ROW - WAVE) / 2;
    name(&mut out, "clock", top);
    let low = top + WAVE;
    let mut path = format!("M{left} {low}");
    for clock in 0..clocks {
        let x = left + clock * CLOCK;
        let _ = write!(path, "V{top}H{}V{low}H{}", x + CLOCK / 2, x + CLOCK);
    }
    let _ = writeln!(out, "<path class=\"c\" d=\"{path}\"/>");
    for (n, row) in rows.iter().enumerate() {
        let top = MARGIN + HEAD + (n + 1) * ROW + (ROW - WAVE) / 2;
        name(&mut out, &row.name, top);
        if row.is_bit { bit(&mut out, row, left, top) } else { bus(&mut out, row, left, top) }
    }
    out.push_str("</svg>\n");
    out
}

fn name(out: &mut String, text: &str, top: usize) {
    let _ = writeln!(out, "<text x=\"{MARGIN}\" y=\"{}\">{}</text>", top + WAVE - 5, escape(text));
}

fn bit(out: &mut String, row: &Row, left: usize, top: usize) {
    let level = |value: &Option<String>| if value.as_deref() == Some("1") { top } else { top + WAVE };
    let mut path = String::new();
    for (clock, value) in row.values.iter().enumerate() {
        let (x, y) = (left + clock * CLOCK, level(value));
        let _ = if clock == 0 { write!(path, "M{x} {y}") } else { write!(path, "V{y}") };
        let _ = write!(path, "H{}", x + CLOCK);
    }
    let _ = writeln!(out, "<path class=\"w\" d=\"{path}\"/>");
}

fn bus(out: &mut String, row: &Row, left: usize, top: usize) {
    let mut clock = 0;
    while clock < row.values.len() {
        let value = &row.values[clock];
        let length = row.values[clock..].iter().take_while(|next| *next == value).count();
        let (x, width) = (left + clock * CLOCK, length * CLOCK);
        match value {
            None => {
                let _ = writeln!(out, "<path class=\"x\" d=\"M{x} {}H{}\"/>", top + WAVE / 2, x + width);
            }
            Some(value) => {
                let (a, b, middle, low) = (x + 3, x + width - 3, top + WAVE / 2, top + WAVE);
                let right = x + width;
                let shape = format!("M{x} {middle}L{a} {top}H{b}L{right} {middle}L{b} {low}H{a}Z");
                let _ = writeln!(out, "<path class=\"b\" d=\"{shape}\"/>");
                let text = fit(value, (width - 8) / DIGIT);
                let (at, y) = (x + width / 2, low - 5);
                let _ = writeln!(out, "<text class=\"v\" x=\"{at}\" y=\"{y}\">{}</text>", escape(&text));
            }
        }
        clock += length;
    }
}

/// The last characters of a value that has no room.
fn fit(value: &str, room: usize) -> String {
    let count = value.chars().count();
    if count <= room {
        return value.to_owned();
    }
    let tail: String = value.chars().skip(count - room.saturating_sub(1)).collect();
    format!("…{tail}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_do_not_fit_keep_their_end() {
        assert_eq!(fit("12345678", 6), "…45678");
        assert_eq!(fit("123", 6), "123");
    }

    #[test]
    fn equal_neighbours_are_one_shape() {
        let values = ["1", "1", "2"].map(|value| Some(value.to_owned())).to_vec();
        let text = picture("a < b", &[Row { name: "x".into(), values, is_bit: false }]);
        assert_eq!(text.matches("class=\"b\"").count(), 2);
        assert!(text.contains("a &lt; b") && text.ends_with("</svg>\n"));
    }
}
