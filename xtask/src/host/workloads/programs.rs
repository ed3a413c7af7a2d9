//! The programs that workloads run: of Debian, of PyPI, and the agent.

use super::list::Workload;
use crate::cargo::{release_folder, root};
use crate::setup::{self, Tool};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Packages of PyPI.
const PYPI: [&str; 4] = ["gunicorn==23.0.0", "django==4.2.16", "uvicorn==0.34.0", "numpy==1.26.4"];

const fn tool(program: &'static str, package: &'static str) -> Tool {
    Tool { program, package }
}

/// By the beginning of a workload's name, what it runs beside Python.
const TOOLS: [(&str, Tool); 7] = [
    ("redis", tool("redis-server", "redis-server")),
    ("redis", tool("redis-benchmark", "redis-tools")),
    ("capture-cost", tool("redis-server", "redis-server")),
    ("postgresql", tool("/usr/lib/postgresql", "postgresql")),
    ("nginx", tool("nginx", "nginx-light")),
    ("node", tool("node", "nodejs")),
    ("prometheus", tool("prometheus", "prometheus")),
];

/// Where the programs are.
pub struct Programs {
    python: PathBuf,
}

impl Programs {
    /// Installs what the workloads need.
    pub fn provide(workloads: &[&Workload]) -> Result<Programs> {
        let needs = |(name, _): &&(&str, Tool)| workloads.iter().any(|workload| workload.name.starts_with(name));
        let tools: Vec<Tool> = TOOLS.iter().filter(needs).map(|(_, tool)| *tool).collect();
        setup::provide(&tools)?;
        Ok(Programs { python: setup::python_environment("workloads", &PYPI)?.join("bin/python") })
    }

    /// Python as it is, for workloads that need nothing else.
    pub fn of_the_system() -> Programs {
        Programs { python: "python3".into() }
    }

    /// A command with Python and one of the scripts beside this file. Programs of root are on its PATH.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(script(name));
        with_path(&mut command);
        command
    }

    /// The same in network and PID namespaces of its own.
    pub fn script_alone(&self, path: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]).arg(&self.python).arg(path);
        with_path(&mut command);
        command
    }
}

fn with_path(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    command.env("PATH", std::env::join_paths(folders).unwrap_or(path.clone())).env("PYTHONDONTWRITEBYTECODE", "1");
}

/// Path of a script beside this file.
pub fn script(name: &str) -> PathBuf {
    root().join("xtask/src/host/workloads").join(name)
}

/// The program of the agent.
pub fn agent() -> Result<PathBuf> {
    Ok(release_folder()?.join("deltascope"))
}

/// What a command of the agent with a server of its own prints.
pub fn counted(arguments: &[&str]) -> Result<Value> {
    let mut command = Command::new(agent()?);
    command.args(arguments).arg("--boardd").arg(release_folder()?.join("deltascope-boardd"));
    json_of(&mut command)
}

/// The JSON that a command prints; of several lines with one object each the last.
pub fn json_of(command: &mut Command) -> Result<Value> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("starting {:?}", command.get_program()))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?}: {}: {err}", output.status);
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&out).into_iter().collect();
    let last = values.with_context(|| format!("{command:?}: expected JSON, found {out}"))?.pop();
    last.with_context(|| format!("{command:?} printed nothing: {err}"))
}
