//! What an event costs by stage, one bar beside the other.

use super::{OWN, WIDTH, failed};
use crate::stages::StageCost;
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;

const HEIGHT: u32 = 320;

/// Draws the costs to an SVG file.
///
/// # Errors
/// The file cannot be written.
pub fn draw(costs: &[StageCost], path: &Path) -> Result<()> {
    let root = SVGBackend::new(path, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    let most = costs.iter().fold(10f64, |most, cost| most.max(cost.ns_per_event));
    let range = 1f64..10f64.powf(most.log10().ceil());
    let last = costs.len() as f64;
    let mut chart = ChartBuilder::on(&root)
        .caption("Nanoseconds an event by stage, on the host, measured", ("sans-serif", 18))
        .margin(8)
        .set_label_area_size(LabelAreaPosition::Left, 70)
        .set_label_area_size(LabelAreaPosition::Bottom, 30)
        .build_cartesian_2d(-0.5..last - 0.5, range.log_scale())
        .map_err(failed)?;
    let name = |at: &f64| {
        let near = (at - at.round()).abs() < 1e-6 && *at >= -1e-6;
        let cost = near.then(|| costs.get(at.round() as usize)).flatten();
        cost.map_or(String::new(), |cost| cost.stage.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(2 * costs.len())
        .x_label_formatter(&name)
        .y_label_formatter(&|ns| format!("{ns} ns"))
        .label_style(("sans-serif", 13))
        .draw()
        .map_err(failed)?;
    for (index, cost) in costs.iter().enumerate() {
        let at = index as f64;
        let bar = Rectangle::new([(at - 0.3, 1.0), (at + 0.3, cost.ns_per_event.max(1.0))], OWN.filled());
        chart.draw_series([bar]).map_err(failed)?;
        let text = format!("{:.1}", cost.ns_per_event);
        let place = (at - 0.06, cost.ns_per_event.max(1.0) * 1.35);
        chart.draw_series([Text::new(text, place, ("sans-serif", 13))]).map_err(failed)?;
    }
    root.present().map_err(failed)
}
