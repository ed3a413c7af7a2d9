//! Rates against a size, a panel for each, on logarithmic axes.

use super::{LIMIT, OWN, WIDTH, failed, short};
use crate::curves::{Curve, Point};
use crate::way::GIGABIT_ETHERNET;
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

const PANEL: u32 = 300;

/// Draws the curves to an SVG file.
///
/// # Errors
/// The file cannot be written.
pub fn draw(curves: &[Curve], path: &Path) -> Result<()> {
    let rows = curves.len().div_ceil(2);
    let root = SVGBackend::new(path, (WIDTH, PANEL * rows as u32)).into_drawing_area();
    root.fill(&WHITE).map_err(failed)?;
    for (area, curve) in root.split_evenly((rows, 2)).iter().zip(curves) {
        panel(area, curve)?;
    }
    root.present().map_err(failed)
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, curve: &Curve) -> Result<()> {
    // The same axis for every panel, unless a rate is outside.
    let rates = curve.points.iter().map(|point| point.rate).chain([1e6, 1e9]);
    let (least, most) = rates.fold((f64::MAX, 0f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    let range = 10f64.powf(least.log10().floor())..10f64.powf(most.log10().ceil());
    // The sizes stand side by side, one step apart each.
    let last = curve.points.len().saturating_sub(1) as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(&curve.what, ("sans-serif", 15))
        .margin(8)
        .margin_right(24)
        .set_label_area_size(LabelAreaPosition::Left, 70)
        .set_label_area_size(LabelAreaPosition::Bottom, 44)
        .build_cartesian_2d(-0.4..last + 0.4, range.log_scale())
        .map_err(failed)?;
    let size = |at: &f64| {
        let near = (at - at.round()).abs() < 1e-6 && *at >= -1e-6;
        let point = near.then(|| curve.points.get(at.round() as usize)).flatten();
        point.map_or(String::new(), |point| point.size.to_string())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(2 * curve.points.len())
        .x_label_formatter(&size)
        .y_label_formatter(&|rate| short(*rate))
        .x_desc(&curve.size)
        .y_desc("events/s, measured")
        .label_style(("sans-serif", 12))
        .draw()
        .map_err(failed)?;
    let wire = [(-0.4, GIGABIT_ETHERNET), (last + 0.4, GIGABIT_ETHERNET)];
    chart.draw_series(LineSeries::new(wire, LIMIT)).map_err(failed)?;
    let name = ("sans-serif", 11).into_font().color(&LIMIT);
    let text = Text::new("Gigabit Ethernet, estimated", (-0.35, GIGABIT_ETHERNET * 0.93), name);
    chart.draw_series([text]).map_err(failed)?;
    let at = |(index, point): (usize, &Point)| (index as f64, point.rate);
    chart.draw_series(LineSeries::new(curve.points.iter().enumerate().map(at), OWN)).map_err(failed)?;
    for point in curve.points.iter().enumerate().map(at) {
        chart.draw_series([Circle::new(point, 4, OWN.filled())]).map_err(failed)?;
        let style = ("sans-serif", 11).into_font().color(&OWN);
        let label = EmptyElement::at(point) + Text::new(short(point.1), (-16, -20), style);
        chart.draw_series([label]).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::curves::{Curve, Point};

    #[test]
    fn each_curve_has_a_panel_with_its_sizes() {
        let curve = |name: &str| Curve {
            name: name.to_owned(),
            what: format!("what of {name}"),
            size: format!("size of {name}"),
            points: [(1, 2e6), (16, 3e7)].map(|(size, rate)| Point { size, rate }).to_vec(),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("curves.svg");
        draw(&[curve("one"), curve("two"), curve("three")], &path).expect("it is drawn");
        let text = std::fs::read_to_string(&path).expect("a picture");
        for part in ["what of one", "size of three", "measured", "estimated", "16", "30.0 M"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
