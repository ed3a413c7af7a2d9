//! Rules of the fingerprint block in a design that was built with it.

use super::Tree;
use super::design::{Cell, Design};
use super::dma_rules::{Segment, dma_parameters, dma_segments, dma_ways, links, ways};
use anyhow::{Context, Result};
use deltascope_abi::board::FINGERPRINT_DMA;

/// Width of the stream into the block (`rtl/docs/fingerprint.md`).
const SEND_BITS: &str = "128";

/// The block and its AXI DMA, by name.
fn cells(design: &Design) -> Result<(&str, &str, &Cell)> {
    let (block, _) = design.cell("deltascope_fingerprint")?;
    let (dma, cell) = design.cell_at("axi_dma", &format!("{block}/s_axis"))?;
    Ok((block, dma, cell))
}

/// Problems of the block and what is around it.
pub fn problems(tree: &Tree, design: &Design, ps7: &str) -> Result<Vec<String>> {
    let (block, dma, cell) = cells(design)?;
    let mut problems = dma_parameters("fingerprint DMA", cell, SEND_BITS);
    problems.extend(links(design, &[(format!("{block}/m_axis"), format!("{dma}/S_AXIS_S2MM"))]));
    problems.extend(ways(design, &dma_ways(ps7, dma)));
    let manifest: serde_json::Value = serde_json::from_str(&tree.text("rtl/verilog/manifest.json")?)?;
    let entry = manifest.as_array().into_iter().flatten().find(|entry| entry["block"] == "fingerprint");
    let files = entry.and_then(|entry| entry["files"].as_array());
    let files = files.context("manifest.json: expected the files of the fingerprint block")?;
    let wanted = files.iter().filter_map(serde_json::Value::as_str).map(|name| format!("rtl/verilog/{name}"));
    for name in wanted.chain(["vivado/generated/deltascope_fingerprint.v".to_owned()]) {
        if !design.verilog.iter().any(|path| path.ends_with(&name)) {
            problems.push(format!("sources: expected {name} with the fingerprint block, found that it is not read"));
        }
    }
    Ok(problems)
}

/// What of it has a place in an address space.
pub fn segments(design: &Design, ps7: &str) -> Result<Vec<Segment>> {
    let (_, dma, cell) = cells(design)?;
    let registers = format!("{dma}/S_AXI_LITE/Reg");
    let mut segments = vec![("fingerprint DMA registers", format!("{ps7}/Data"), registers, FINGERPRINT_DMA)];
    segments.extend(dma_segments(ps7, dma, cell));
    Ok(segments)
}
