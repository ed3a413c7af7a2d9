//! Every stage of the way on one logarithmic axis, with the range of those of which only that is known.

use super::{LIMIT, OWN, WIDTH, failed, short};
use crate::way::{Label, Way};
use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const ROW: u32 = 34;
const MARGIN: u32 = 96;

/// Draws the way to an SVG file.
///
/// # Errors
/// The file cannot be written.
pub fn draw(way: &Way, path: &Path) -> Result<()> {
    let rows = way.stages.len();
    let root = SVGBackend::new(path, (WIDTH, rows as u32 * ROW + MARGIN)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let rates = way.stages.iter().flat_map(|stage| stage.rates);
    let (least, most) = rates.fold((f64::MAX, 0f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    let range = 10f64.powf(least.log10().floor())..10f64.powf(most.log10().ceil());
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "Events a second of each stage: measured here (blue), estimated for the board (red)",
            ("sans-serif", 18),
        )
        .margin(8)
        .margin_right(40)
        .set_label_area_size(LabelAreaPosition::Left, 230)
        .set_label_area_size(LabelAreaPosition::Bottom, 30)
        .build_cartesian_2d(range.log_scale(), -0.5..rows as f64 - 0.5)
        .map_err(failed)?;
    let name = |at: &f64| {
        let row = at.round();
        let near = (at - row).abs() < 1e-6 && row >= 0.0;
        let stage = near.then(|| rows.checked_sub(1 + row as usize)).flatten().and_then(|index| way.stages.get(index));
        stage.map_or(String::new(), |stage| stage.name.clone())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .y_labels(rows * 2 + 1)
        .y_label_formatter(&name)
        .x_label_formatter(&|rate| short(*rate))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(failed)?;
    for (index, stage) in way.stages.iter().enumerate() {
        let at = (rows - 1 - index) as f64;
        let color = if stage.label == Label::Measured { OWN } else { LIMIT };
        let [least, most] = stage.rates;
        chart.draw_series(LineSeries::new([(least, at), (most, at)], color.stroke_width(3))).map_err(failed)?;
        let ends = [least, most].map(|rate| Circle::new((rate, at), 4, color.filled()));
        chart.draw_series(ends).map_err(failed)?;
        let label = if least < most { format!("{} to {}", short(least), short(most)) } else { short(least) };
        let style = ("sans-serif", 12).into_text_style(&root).color(&color).pos(Pos::new(HPos::Center, VPos::Bottom));
        chart.draw_series([Text::new(label, ((least * most).sqrt(), at + 0.18), style)]).map_err(failed)?;
    }
    root.present().map_err(failed)
}
