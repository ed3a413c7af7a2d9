//! Rules of the block design and of the steps of its build.

use super::Tree;
use super::board_data::Board;
use super::design::{Assigned, Cell, Design};
use super::dma_rules::{STREAM_BITS, Segment, dma_parameters, dma_segments, dma_ways, links, parameters, ways};
use super::fingerprint;
use super::record::Variant;
use anyhow::{Context, Result};
use deltascope_abi::board::{AXI_DMA, BUFFERS, ENGINE, INTERRUPT_SPI, IRQ_F2P, WINDOWS, Window};
use deltascope_abi::registers::IDENTITY_VALUE;

/// Names of the cells that the rules are about.
struct Names<'a> {
    ps7: &'a str,
    dma: &'a str,
    reset: &'a str,
    engine: &'a str,
}

/// Problems of the design.
pub fn problems(tree: &Tree, board: &Board, design: &Design, variant: Variant) -> Result<Vec<String>> {
    let (ps7, ps7_cell) = design.cell("processing_system7")?;
    let (reset, reset_cell) = design.cell("proc_sys_reset")?;
    let (engine, _) = design.cell("deltascope_board")?;
    // With the fingerprint block there are two of them.
    let at_engine = || design.cell_at("axi_dma", &format!("{engine}/s_axis"));
    let (dma, dma_cell) = if variant.fingerprint { at_engine()? } else { design.cell("axi_dma")? };
    let names = Names { ps7, dma, reset, engine };
    let mut problems = Vec::new();
    problems.extend(cells(design));
    problems.extend(dma_parameters("AXI DMA", dma_cell, STREAM_BITS));
    problems.extend(ps7_parameters(board, ps7_cell));
    problems.extend(interfaces(design, &names));
    problems.extend(ports(design));
    problems.extend(pins(design, &names, reset_cell));
    problems.extend(stream_resets(design, reset));
    let mut segments = segments(&names, dma_cell);
    if variant.fingerprint {
        problems.extend(fingerprint::problems(tree, design, ps7)?);
        segments.extend(fingerprint::segments(design, ps7)?);
    }
    problems.extend(addresses(tree, design, &segments)?);
    problems.extend(steps(tree, board, design, variant.ila)?);
    problems.extend(literals(tree)?);
    Ok(problems)
}

fn cells(design: &Design) -> Vec<String> {
    let versioned = design.cells.iter().filter(|(_, cell)| cell.vlnv.split(':').count() > 3);
    versioned
        .map(|(name, cell)| format!("cells: expected {name} without a version of its IP, found {}", cell.vlnv))
        .collect()
}

fn ps7_parameters(board: &Board, ps7: &Cell) -> Vec<String> {
    let mut problems = parameters(
        "PS7",
        ps7,
        &[
            ("PCW_USE_M_AXI_GP0", "1"),
            ("PCW_USE_S_AXI_HP0", "1"),
            ("PCW_S_AXI_HP0_DATA_WIDTH", STREAM_BITS),
            ("PCW_USE_FABRIC_INTERRUPT", "1"),
            ("PCW_IRQ_F2P_INTR", "1"),
            ("PCW_IRQ_F2P_MODE", "DIRECT"),
            ("PCW_EN_CLK0_PORT", "1"),
            ("PCW_EN_RST0_PORT", "1"),
            ("PCW_FPGA_FCLK0_ENABLE", "1"),
        ],
    );
    for (name, value) in &board.ps7 {
        if ps7.parameter(name) != *value && !clock_parameter(name) {
            problems.push(format!("PS7: expected {name} {value} as in ps7.txt, found {}", ps7.parameter(name)));
        }
    }
    problems
}

/// Parameters that `vivado/clock.tcl` sets over the board's.
fn clock_parameter(name: &str) -> bool {
    name.ends_with("_CLKSRC") || name.contains("_DIVISOR")
}

/// Every interface has one partner, and the streams and the memory go where they must.
fn interfaces(design: &Design, names: &Names) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, cell) in &design.cells {
        for (interface, mode) in cell.interfaces() {
            let path = format!("{name}/{interface}");
            let ends = design.other_end(&path);
            if ends.len() != 1 {
                problems.push(format!("interfaces: expected {path} connected once, found {} connections", ends.len()));
                continue;
            }
            let other = ends[0].split_once('/').and_then(|(cell, pin)| {
                let modes = design.cells.get(cell)?.interfaces();
                modes.into_iter().find(|(name, _)| *name == pin).map(|(_, mode)| mode)
            });
            if mode != "monitor" && other.is_some_and(|other| other == mode) {
                problems.push(format!(
                    "interfaces: expected a master and a slave, found two of mode {mode}: {path} and {}",
                    ends[0]
                ));
            }
        }
    }
    let Names { ps7, dma, engine, .. } = names;
    problems.extend(links(
        design,
        &[
            (format!("{dma}/M_AXIS_MM2S"), format!("{engine}/s_axis")),
            (format!("{engine}/m_axis"), format!("{dma}/S_AXIS_S2MM")),
            (format!("{ps7}/DDR"), "port:DDR".to_owned()),
            (format!("{ps7}/FIXED_IO"), "port:FIXED_IO".to_owned()),
            (format!("{ps7}/GPIO_0"), "port:panel".to_owned()),
        ],
    ));
    let mut pairs = dma_ways(ps7, dma);
    pairs.push((format!("{ps7}/M_AXI_GP0"), format!("{engine}/s_axi")));
    problems.extend(ways(design, &pairs));
    problems
}

/// Interface ports are of the kind that their pin of the PS7 is, as the block designs that `write_bd_tcl` wrote name them.
fn ports(design: &Design) -> Vec<String> {
    const KINDS: [(&str, &str); 3] = [
        ("DDR", "xilinx.com:interface:ddrx_rtl:1.0"),
        ("FIXED_IO", "xilinx.com:display_processing_system7:fixedio_rtl:1.0"),
        ("panel", "xilinx.com:interface:gpio_rtl:1.0"),
    ];
    let found = |name: &str| design.ports.get(name).map_or(("", ""), |(mode, vlnv)| (mode.as_str(), vlnv.as_str()));
    let wrong = KINDS.iter().filter(|(name, vlnv)| found(name) != ("Master", vlnv));
    wrong.map(|(name, vlnv)| format!("ports: expected {name} as a Master of {vlnv}, found {:?}", found(name))).collect()
}

/// Both ends of a stream leave reset in the same clock: READY of our blocks is not low in reset, so a master that is out
/// earlier loses beats.
fn stream_resets(design: &Design, driver: &str) -> Vec<String> {
    let reset = |cell: &str| {
        let pins = design.cells.get(cell)?.pins();
        let (pin, ..) = pins.into_iter().find(|(_, _, kind)| *kind == "reset_low")?;
        let net = design.net_of(&format!("{cell}/{pin}"));
        net.into_iter().find(|other| other.split_once('/').is_some_and(|(cell, _)| cell == driver)).map(str::to_owned)
    };
    let mut problems = Vec::new();
    for (from, to) in &design.links {
        let (Some((from, name)), Some((to, other))) = (from.split_once('/'), to.split_once('/')) else { continue };
        let stream = |name: &str| name.to_ascii_lowercase().contains("axis");
        if !stream(name) || !stream(other) || other.starts_with("SLOT_") {
            continue;
        }
        let (first, second) = (reset(from), reset(to));
        if first != second {
            problems.push(format!(
                "reset: expected {from} and {to} on one reset, because a stream joins them, found {} and {}",
                first.as_deref().unwrap_or("none"),
                second.as_deref().unwrap_or("none")
            ));
        }
    }
    problems
}

/// Clock, reset and interrupt of every cell.
fn pins(design: &Design, names: &Names, reset_cell: &Cell) -> Vec<String> {
    let mut problems = Vec::new();
    let Names { ps7, dma, reset, engine } = names;
    let clock = format!("{ps7}/FCLK_CLK0");
    for (name, cell) in &design.cells {
        for (pin, direction, kind) in cell.pins() {
            let path = format!("{name}/{pin}");
            let net = design.net_of(&path);
            let drivers = |wanted: &dyn Fn(&str) -> bool| net.iter().any(|other| *other != path && wanted(other));
            let problem = match (direction, kind) {
                ("in", "clock") if !drivers(&|other| other == clock) => format!("clock: expected {path} on {clock}"),
                ("in", "reset_low") if !drivers(&|other| other.starts_with(reset) && other.ends_with("aresetn")) => {
                    format!("reset: expected {path} on an active-low output of {reset}")
                }
                ("in", "reset_in") if !drivers(&|other| other == format!("{ps7}/FCLK_RESET0_N")) => {
                    format!("reset: expected {path} on {ps7}/FCLK_RESET0_N")
                }
                ("in", "interrupt" | "signal") if net.len() < 2 => format!("interrupts: expected {path} connected"),
                _ => continue,
            };
            let others: Vec<&str> = net.into_iter().filter(|other| *other != path).collect();
            problems.push(format!(
                "{problem}, found {}",
                if others.is_empty() { "nothing".into() } else { others.join(", ") }
            ));
        }
    }
    // FCLK_RESET0_N is active low.
    if reset_cell.parameter("C_EXT_RESET_HIGH") != "0" {
        problems.push("reset: expected C_EXT_RESET_HIGH 0 for the active-low FCLK_RESET0_N, found 1".to_owned());
    }
    for (from, to) in [
        (format!("{dma}/mm2s_introut"), format!("{engine}/mm2s_introut")),
        (format!("{dma}/s2mm_introut"), format!("{engine}/s2mm_introut")),
        (format!("{engine}/interrupt"), format!("{ps7}/IRQ_F2P")),
    ] {
        if !design.net_of(&from).contains(to.as_str()) {
            problems.push(format!("interrupts: expected {from} connected to {to}, found {:?}", design.net_of(&from)));
        }
    }
    for (name, net) in &design.nets {
        let driven = |pin: &&String| {
            let (cell, pin) = pin.split_once('/').unwrap_or_default();
            design
                .cells
                .get(cell)
                .is_some_and(|cell| cell.pins().iter().any(|(name, way, _)| *name == pin && *way == "out"))
        };
        let count = net.iter().filter(driven).count();
        if count != 1 {
            problems.push(format!("nets: expected one driver of {name}, found {count}"));
        }
    }
    problems
}

/// The segments of the engine and its AXI DMA.
fn segments(names: &Names, dma_cell: &Cell) -> Vec<Segment> {
    let Names { ps7, dma, engine, .. } = names;
    let mut segments = vec![
        ("engine registers", format!("{ps7}/Data"), format!("{engine}/s_axi/reg0"), ENGINE),
        ("AXI DMA registers", format!("{ps7}/Data"), format!("{dma}/S_AXI_LITE/Reg"), AXI_DMA),
    ];
    segments.extend(dma_segments(ps7, dma, dma_cell));
    segments
}

/// The address map: the abi crate's, and that of the device tree.
fn addresses(tree: &Tree, design: &Design, expected: &[Segment]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let show = |a: &Assigned| format!("{:#x} of {:#x} bytes", a.base, a.bytes);
    for (what, space, segment, window) in expected {
        let found: Vec<&Assigned> =
            design.assigned.iter().filter(|a| a.space == *space && a.segment == *segment).collect();
        let wanted = Assigned {
            space: space.clone(),
            segment: segment.clone(),
            base: window.base.into(),
            bytes: window.bytes.into(),
        };
        match found[..] {
            [one] if *one == wanted => {}
            [one] => {
                problems.push(format!("addresses: {what} in {space}: expected {}, found {}", show(&wanted), show(one)))
            }
            _ => problems.push(format!("addresses: {what} in {space}: expected one segment, found {}", found.len())),
        }
    }
    if design.assigned.len() != expected.len() {
        problems.push(format!("addresses: expected {} segments, found {}", expected.len(), design.assigned.len()));
    }
    let window = (u64::from(BUFFERS.base), u64::from(BUFFERS.end()));
    for ddr in design.assigned.iter().filter(|a| a.segment.ends_with("HP0_DDR_LOWOCM")) {
        if window.0 < ddr.base || window.1 > ddr.base + ddr.bytes {
            problems.push(format!(
                "addresses: expected the reserved window {:#x} inside DDR of {}, found {}",
                window.0,
                ddr.space,
                show(ddr)
            ));
        }
    }
    problems.extend(device_tree(tree)?);
    Ok(problems)
}

/// The committed nodes of the device tree.
fn device_tree(tree: &Tree) -> Result<Vec<String>> {
    let node = tree.text("boards/zynq7020/generated/engine.dtsi")?;
    let property = |name: &str| -> Result<String> {
        let line = node.lines().map(str::trim).find_map(|line| line.strip_prefix(&format!("{name} = ")));
        Ok(line.with_context(|| format!("engine.dtsi: expected {name}, found none"))?.trim_end_matches(';').to_owned())
    };
    let mut problems = Vec::new();
    let cells = |window: &Window| format!("<{:#010x} {:#010x}>", window.base, window.bytes);
    let reg = WINDOWS.iter().map(cells).collect::<Vec<_>>().join(", ");
    if property("reg")? != reg {
        problems.push(format!("device tree: expected reg = {reg}, found {}", property("reg")?));
    }
    // 0: shared; 29 is IRQ_F2P[0]; 4: level, high (UG585 v1.13, table 7-4; the kernel's arm,gic binding).
    let interrupts = format!("<0 {INTERRUPT_SPI} 4>");
    if property("interrupts")? != interrupts || INTERRUPT_SPI != 29 + IRQ_F2P {
        problems.push(format!(
            "device tree: expected interrupts = {interrupts}, level-high, found {}",
            property("interrupts")?
        ));
    }
    let clock = format!("<{}>", deltascope_abi::board::FCLK_HZ);
    if property("clock-frequency")? != clock {
        problems
            .push(format!("device tree: expected clock-frequency = {clock}, found {}", property("clock-frequency")?));
    }
    Ok(problems)
}

/// The steps of the build, their order and their options.
fn steps(tree: &Tree, board: &Board, design: &Design, ila: bool) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut order = vec![
        "create_project",
        "create_bd_design",
        "validate_bd_design",
        "generate_target",
        "make_wrapper",
        "synth_design",
        "opt_design",
        "place_design",
        "route_design",
        "report_timing_summary",
        "report_utilization",
        "report_cdc",
        "report_methodology",
        "report_power",
        "get_msg_config",
        "write_bitstream",
        "write_hw_platform",
    ];
    if ila {
        order.insert(order.len() - 1, "write_debug_probes");
    }
    let mut last = 0;
    for name in order {
        match design.step(name) {
            None => problems.push(format!("steps: expected {name}, found that it is not called")),
            Some((at, _)) if at < last => problems.push(format!("steps: expected {name} later, found it too early")),
            Some((at, _)) => last = at,
        }
    }
    let option = |step: &str, name: &str| {
        design.step(step).and_then(|(_, options)| options.get(name).cloned()).unwrap_or_default()
    };
    for (step, name) in [("create_project", "-part"), ("synth_design", "-part")] {
        if option(step, name) != board.part {
            problems.push(format!("steps: expected {step} {name} {}, found {}", board.part, option(step, name)));
        }
    }
    if option("write_hw_platform", "-fixed") != "1" {
        problems.push("steps: expected write_hw_platform -fixed, found a platform that may be extended".to_owned());
    }
    if design.constraints.is_empty() {
        problems.push("steps: expected add_files -fileset constrs_1 with the pins, found none".to_owned());
    }
    if !option("synth_design", "-top").starts_with("deltascope_system") {
        problems.push(format!(
            "steps: expected the wrapper of the block design as top, found {}",
            option("synth_design", "-top")
        ));
    }
    let identity = format!("0x{IDENTITY_VALUE:08X}");
    let userid = design.bitstream.get("BITSTREAM.CONFIG.USERID").map_or("none when it is written", String::as_str);
    if userid != identity {
        problems.push(format!("bitstream: expected USERID {identity}, the engine's identity, found {userid}"));
    }
    let manifest: serde_json::Value = serde_json::from_str(&tree.text("rtl/verilog/manifest.json")?)?;
    let top = manifest.as_array().into_iter().flatten().find(|block| block["block"] == "deltascope_top");
    let wanted =
        top.and_then(|block| block["files"].as_array()).context("manifest.json: expected the files of the top")?;
    for name in wanted.iter().filter_map(serde_json::Value::as_str) {
        if !design.verilog.iter().any(|path| path.ends_with(&format!("rtl/verilog/{name}"))) {
            problems.push(format!("sources: expected {name} of the manifest, found that it is not read"));
        }
    }
    if !design.verilog.iter().any(|path| path.ends_with("/deltascope_board.v")) {
        problems.push("sources: expected the wrapper deltascope_board.v, found that it is not read".to_owned());
    }
    Ok(problems)
}

/// Addresses come from the abi crate alone: a hand-written file has none.
fn literals(tree: &Tree) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(tree.path("vivado"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "tcl") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&path)?.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let digits = line.split("0x").skip(1).map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).count());
            if digits.max().unwrap_or(0) >= 5 {
                problems.push(format!(
                    "{name}: expected addresses from generated/deltascope_abi.tcl, found one in: {}",
                    line.trim()
                ));
            }
        }
    }
    Ok(problems)
}
