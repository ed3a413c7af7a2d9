//! Runs a script under the recording commands and reads the record.

use super::Tree;
use crate::board::verilog::ports;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// One call of a command of Vivado or Vitis HLS.
#[derive(Debug)]
pub struct Call {
    /// Name of the command.
    pub command: String,
    /// Its options, with `1` for one without a value.
    pub options: BTreeMap<String, String>,
    /// Its other arguments.
    pub arguments: Vec<String>,
}

impl Call {
    /// Value of an option, empty where it was not given.
    pub fn option(&self, name: &str) -> &str {
        self.options.get(name).map_or("", String::as_str)
    }

    /// An argument, empty where there is none.
    pub fn argument(&self, n: usize) -> &str {
        self.arguments.get(n).map_or("", String::as_str)
    }
}

/// The message with which a script stopped.
pub fn failure(calls: &[Call]) -> Option<&str> {
    calls.iter().find(|call| call.command == "failed").map(|call| call.argument(0))
}

/// Options of a build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant {
    /// With the logic analyser.
    pub ila: bool,
    /// With the fingerprint block.
    pub fingerprint: bool,
}

/// Records the build of a board.
pub fn build(tree: &Tree, board: &str, variant: Variant, work: &Path) -> Result<Vec<Call>> {
    let output = work.join("output");
    let known = work.join("known");
    let _ = fs::remove_dir_all(&output);
    let _ = fs::remove_dir_all(&known);
    copy(&tree.path("vivado/check/known"), &known)?;
    for name in ["deltascope_board", "deltascope_fingerprint"] {
        let verilog = tree.text(&format!("vivado/generated/{name}.v"))?;
        fs::write(known.join(format!("{name}.txt")), module(&verilog, name)?)?;
    }
    let mut arguments = vec![board.to_owned(), "-output".to_owned(), output.display().to_string()];
    for (wanted, option) in [(variant.ila, "-ila"), (variant.fingerprint, "-fingerprint")] {
        if wanted {
            arguments.push(option.to_owned());
        }
    }
    script(tree, "vivado_commands.tcl", &known, &tree.path("vivado/build.tcl"), &arguments, work)
}

/// Records a script.
pub fn script(
    tree: &Tree,
    commands: &str,
    known: &Path,
    script: &Path,
    arguments: &[String],
    work: &Path,
) -> Result<Vec<Call>> {
    let record = work.join("record.json");
    let mut tclsh = Command::new("tclsh");
    tclsh.arg(tree.path("vivado/check/recorder.tcl")).arg(&record);
    tclsh.arg(tree.path(&format!("vivado/check/{commands}"))).arg(known).arg(script).args(arguments);
    let output = tclsh.current_dir(work).output().context("starting tclsh")?;
    let text = fs::read_to_string(&record).with_context(|| {
        format!("expected a record from tclsh, found {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    text.lines().map(call).collect()
}

fn call(line: &str) -> Result<Call> {
    let value: serde_json::Value =
        serde_json::from_str(line).with_context(|| format!("expected a call as JSON, found {line}"))?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Call {
        command: text(&value["command"]),
        options: value["options"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), text(v))).collect(),
        arguments: value["arguments"].as_array().into_iter().flatten().map(text).collect(),
    })
}

/// What Vivado infers of the wrapper: interfaces and pins by the attributes of its ports.
fn module(verilog: &str, name: &str) -> Result<String> {
    let mut lines: Vec<String> = Vec::new();
    for port in ports(verilog, name)? {
        let Some((bus, interface, name, signal)) = interface(&port.attributes) else { continue };
        let way = if port.direction == "input" { "in" } else { "out" };
        let line = match bus.as_str() {
            "signal:clock" => format!("pin {name} {way} clock"),
            "signal:reset" => format!("pin {name} {way} reset_low"),
            "signal:interrupt" => format!("pin {name} {way} interrupt"),
            _ => {
                // VALID and ADDR go from master to slave.
                let forward = signal == "TVALID" || signal == "AWVALID";
                if !forward {
                    continue;
                }
                if interface == "aximm" {
                    lines.push(format!("segment {name}/reg0"));
                }
                format!("intf {name} {}", if way == "in" { "slave" } else { "master" })
            }
        };
        lines.push(line);
    }
    Ok(lines.join("\n") + "\n")
}

/// Splits `X_INTERFACE_INFO = "xilinx.com:interface:axis:1.0 s_axis TDATA"`.
fn interface(attributes: &[String]) -> Option<(String, String, String, String)> {
    let text = attributes.iter().find_map(|attribute| attribute.strip_prefix("X_INTERFACE_INFO = \""))?;
    let mut words = text.trim_end_matches('"').split_whitespace();
    let mut kind = words.next()?.split(':').skip(1);
    let (library, name) = (kind.next()?, kind.next()?);
    Some((format!("{library}:{name}"), name.to_owned(), words.next()?.to_owned(), words.next()?.to_owned()))
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}
