//! The rates of the steps on logarithmic axes, each with its rival and the limits of the way to the engine.

use super::{LIMIT, OWN, RIVAL, WIDTH, failed, short};
use crate::ladder::{Step, Unit};
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// A rate that nothing on the way exceeds, *estimated*.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// What limits.
    pub name: &'static str,
    /// Events a second.
    pub rate: f64,
}

const ROW: u32 = 34;
const MARGIN: u32 = 96;

/// Draws the steps to an SVG file.
///
/// # Errors
/// The file cannot be written.
pub fn draw(steps: &[Step], limits: &[Limit], path: &Path) -> Result<()> {
    let events: Vec<&Step> = steps.iter().filter(|step| step.unit != Unit::Bytes).collect();
    let bytes: Vec<&Step> = steps.iter().filter(|step| step.unit == Unit::Bytes).collect();
    let height = |rows: usize| rows as u32 * ROW + MARGIN;
    let (upper, lower) = (height(events.len()), height(bytes.len()));
    let root = SVGBackend::new(path, (WIDTH, upper + lower)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let (top, bottom) = root.split_vertically(upper);
    panel(
        &top,
        "Events or operations a second, measured (blue), beside the rival (grey); limits estimated",
        &events,
        limits,
    )?;
    panel(&bottom, "Bytes a second, measured (blue), beside the rival (grey)", &bytes, &[])?;
    root.present().map_err(failed)
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, title: &str, steps: &[&Step], limits: &[Limit]) -> Result<()> {
    let rates = steps.iter().flat_map(|step| [step.rate, step.rival_rate]).chain(limits.iter().map(|limit| limit.rate));
    let (least, most) = rates.fold((f64::MAX, 0f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    let range = 10f64.powf(least.log10().floor())..10f64.powf(most.log10().ceil());
    let rows = steps.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .margin_right(40)
        .set_label_area_size(LabelAreaPosition::Left, 230)
        .set_label_area_size(LabelAreaPosition::Bottom, 30)
        .build_cartesian_2d(range.clone().log_scale(), -0.5..rows - 0.5)
        .map_err(failed)?;
    let name = |at: &f64| {
        let row = at.round();
        let step = ((at - row).abs() < 1e-6 && row >= 0.0).then(|| steps.len().checked_sub(1 + row as usize)).flatten();
        step.and_then(|index| steps.get(index)).map_or(String::new(), |step| step.name.clone())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .y_labels(steps.len() * 2 + 1)
        .y_label_formatter(&name)
        .x_label_formatter(&|rate| short(*rate))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(failed)?;
    for limit in limits {
        let line = [(limit.rate, -0.5), (limit.rate, rows - 0.5)];
        chart.draw_series(LineSeries::new(line, LIMIT)).map_err(failed)?;
        let text =
            Text::new(limit.name, (limit.rate * 1.04, rows - 0.55), ("sans-serif", 12).into_font().color(&LIMIT));
        chart.draw_series([text]).map_err(failed)?;
    }
    for (index, step) in steps.iter().enumerate() {
        let at = rows - 1.0 - index as f64;
        let way = [(step.rival_rate, at), (step.rate, at)];
        chart.draw_series(LineSeries::new(way, RIVAL)).map_err(failed)?;
        chart.draw_series([Circle::new((step.rival_rate, at), 4, RIVAL.filled())]).map_err(failed)?;
        chart.draw_series([Circle::new((step.rate, at), 5, OWN.filled())]).map_err(failed)?;
        let label = format!("{} ({:.2}x)", short(step.rate), step.ratio);
        let style = ("sans-serif", 12).into_text_style(area).color(&OWN).pos(Pos::new(HPos::Center, VPos::Bottom));
        chart.draw_series([Text::new(label, (step.rate, at + 0.18), style)]).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Limit, draw};
    use crate::ladder::{Step, Unit};

    #[test]
    fn picture_names_each_step_limit_and_label() {
        let step = |name: &str, unit| Step {
            name: name.to_owned(),
            what: String::new(),
            rival: String::new(),
            unit,
            rate: 2e7,
            rival_rate: 1e8,
            ratio: 0.2,
            spread: 0.0,
            bar: None,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ladder.svg");
        let limits = [Limit { name: "Gigabit Ethernet", rate: 7e6 }];
        let steps = [step("one", Unit::Events), step("two", Unit::Operations), step("three", Unit::Bytes)];
        draw(&steps, &limits, &path).expect("it is drawn");
        let text = std::fs::read_to_string(&path).expect("a picture");
        for part in ["one", "two", "three", "Gigabit Ethernet", "measured", "estimated", "20.0 M"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
