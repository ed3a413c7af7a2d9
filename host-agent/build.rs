//! Compiles the BPF programs, under the feature `bpf` only.

use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "bpf/deltascope.bpf.c";
const TOOLS: &str = "apt-get install -y --no-install-recommends clang libbpf-dev pkg-config";

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-env-changed=CLANG");
    if std::env::var_os("CARGO_FEATURE_BPF").is_some()
        && let Err(error) = compile()
    {
        eprintln!("the BPF programs: {error}");
        std::process::exit(1);
    }
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| format!("environment variable {name}: {error}"))
}

fn compile() -> Result<(), String> {
    let arch = variable("CARGO_CFG_TARGET_ARCH")?;
    if arch != "x86_64" {
        return Err(format!("expected an x86_64 target, found {arch}; build without the feature `bpf`"));
    }
    let clang = std::env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let object = PathBuf::from(variable("OUT_DIR")?).join("deltascope.bpf.o");
    let mut command = Command::new(&clang);
    command.args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror", "-D__TARGET_ARCH_x86"]);
    // Where Debian has the kernel's own types of this processor.
    command.args(["-idirafter", &format!("/usr/include/{arch}-linux-gnu"), "-c", SOURCE, "-o"]).arg(object);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{clang} ended with {status} on {SOURCE}; is everything there? {TOOLS}")),
        Err(error) => Err(format!("cannot start {clang}: {error}; {TOOLS}")),
    }
}
