//! From Verilog to C++ with a uniform face. Shared by the build script and by the run-time path of
//! [`Dut::compile`], so both make the same design from the same file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::{VerilateError, run};
use super::versioned::Versioned;

/// What a design is made for.
#[allow(dead_code, reason = "the build script makes designs to run, and nothing else")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To run, as fast as it can.
    Simulate,
    /// To count which lines run and which bits change.
    Count,
    /// To be drawn: waveforms show every signal of every block.
    Draw,
}

/// What to verilate.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the top module.
    pub top: String,
    /// Verilog files, the top's among them. Modules they do not hold are looked up as `<module>.v` beside the first.
    pub files: Vec<PathBuf>,
    /// Verilog macros to define.
    pub defines: Vec<String>,
    /// What the design is for.
    pub purpose: Purpose,
}

/// One port of a top module, as Verilator understood it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortDescription {
    /// Name in the Verilog.
    pub name: String,
    /// Width in bits.
    pub bits: u32,
    /// Whether the harness drives it.
    pub input: bool,
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> VerilateError + '_ {
    move |source| VerilateError::File { path: path.to_owned(), source }
}

/// Macros that Verilator's own makefile would set.
pub const MACROS: [(&str, &str); 6] = [
    ("VERILATOR", "1"),
    ("VM_COVERAGE", "0"),
    ("VM_SC", "0"),
    ("VM_TRACE", "1"),
    ("VM_TRACE_VCD", "1"),
    ("VM_TRACE_FST", "0"),
];

/// The journal's lanes are many and alike. Copied into the top and written to waveforms, they would be nine tenths
/// of the C++: their functions stay their own, and a waveform shows their banks.
const SETTINGS: &str = "`verilator_config
no_inline -module \"journal_bank\"
no_inline -module \"journal_lane\"
tracing_off -file \"*journal_lane.v\"
tracing_off -file \"*lut_ram_32x14.v\"
tracing_off -file \"*lut_ram_32x64.v\"
";
/// Memories are models of what the part has, written by hand: their words and bits are no logic of ours.
const COUNT_SETTINGS: &str = "`verilator_config
coverage_off -file \"*block_ram_*.v\"
coverage_off -file \"*lut_ram_*.v\"
";

/// Bits of the widest signal whose changes are counted: more than any has.
const COVERAGE_BITS: &str = "4096";

/// Verilates `source` into `folder` and gives the C++ file to compile.
/// It offers `extern "C" const DutApi* deltascope_design_<top>()`.
pub fn verilate(verilator: &Versioned, source: &Source, folder: &Path) -> Result<PathBuf, VerilateError> {
    let top = &source.top;
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(file_error(folder))?;
    }
    std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    let mut command = Command::new(&verilator.program);
    command.args(["--cc", "-O3", "--noassert", "--x-assign", "fast", "--x-initial", "fast"]);
    // The same for the loops that fill memories and for their words in a waveform.
    command.args(["--unroll-count", "4", "--trace-max-array", "8"]);
    // Widths, latches and style are judged by `cargo xtask rtl lint`; here only what cannot be simulated stops.
    command
        .args(["-Wno-lint", "-Wno-style", "--top-module", top, "--prefix", &format!("V{top}"), "--Mdir"])
        .arg(folder);
    let settings = match source.purpose {
        Purpose::Simulate => SETTINGS,
        Purpose::Count => COUNT_SETTINGS,
        Purpose::Draw => "`verilator_config\n",
    };
    let file = folder.join("settings.vlt");
    std::fs::write(&file, settings).map_err(file_error(&file))?;
    command.arg(file);
    if source.purpose != Purpose::Count {
        command.arg("--trace");
    } else {
        command.args(["--coverage-line", "--coverage-toggle", "--coverage-max-width", COVERAGE_BITS]);
    }
    if let Some(beside) = source.files.first().and_then(|f| f.parent()) {
        command.arg("-y").arg(beside);
    }
    command.args(source.defines.iter().map(|d| format!("+define+{d}"))).args(&source.files);
    run(&mut command, "VERILATOR", top)?;

    let ports = read_ports(&folder.join(format!("V{top}.h")))?;
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(file_error(folder))? {
        let name = entry.map_err(file_error(folder))?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".cpp") {
            parts.push(name);
        }
    }
    parts.sort();
    // One translation unit: most of the time would go into reading the same headers again.
    let mut text = parts.iter().fold(String::new(), |text, part| text + &format!("#include \"{part}\"\n"));
    text += &shim(top, &ports);
    let file = folder.join("design.cpp");
    std::fs::write(&file, text).map_err(file_error(&file))?;
    Ok(file)
}

/// Reads the ports from the header that Verilator made: it has parsed the Verilog already.
fn read_ports(header: &Path) -> Result<Vec<PortDescription>, VerilateError> {
    let text = std::fs::read_to_string(header).map_err(file_error(header))?;
    let ports: Vec<_> = text.lines().filter_map(|line| read_port(line.trim())).collect();
    if ports.is_empty() { Err(VerilateError::NoPorts(header.to_owned())) } else { Ok(ports) }
}

/// Reads `VL_IN8(&name,msb,lsb);`, `VL_OUTW(&name,msb,lsb,words);` and their like.
fn read_port(line: &str) -> Option<PortDescription> {
    let (kind, rest) = line.split_once("(&")?;
    let input = kind.starts_with("VL_IN");
    if !input && !kind.starts_with("VL_OUT") {
        return None;
    }
    let mut fields = rest.strip_suffix(");")?.split(',');
    let name = fields.next()?.to_owned();
    let msb: u32 = fields.next()?.parse().ok()?;
    let lsb: u32 = fields.next()?.parse().ok()?;
    Some(PortDescription { name, bits: msb - lsb + 1, input })
}

/// The C++ that gives a Verilated model the face of `csrc/dut.h`.
fn shim(top: &str, ports: &[PortDescription]) -> String {
    let mut table = String::new();
    let mut cases = String::new();
    for (i, port) in ports.iter().enumerate() {
        let PortDescription { name, bits, input } = port;
        let _ = writeln!(table, "    {{\"{name}\", {bits}, {}}},", u32::from(*input));
        let _ = writeln!(cases, "    case {i}: return &model.{name};");
    }
    format!(
        "#include \"dut.h\"
#include \"V{top}.h\"

namespace {{
using Sim = Dut<V{top}>;
const DutPort PORTS[] = {{
{table}}};
void* storage(void* dut, uint32_t port) {{
    V{top}& model = *Sim::self(dut)->model;
    switch (port) {{
{cases}    default: return nullptr;
    }}
}}
const DutApi API = {{{count}, PORTS, Sim::create, Sim::destroy, storage, Sim::eval, Sim::trace,
    Sim::coverage}};
}}

extern \"C\" const DutApi* deltascope_design_{top}() {{ return &API; }}
",
        count = ports.len(),
    )
}
