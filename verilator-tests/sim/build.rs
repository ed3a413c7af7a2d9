//! Verilates every design of `build/designs.rs` and compiles it, when the feature `verilate` asks for it.

#[cfg(feature = "verilate")]
#[path = "build/designs.rs"]
mod designs;
#[cfg(feature = "verilate")]
#[path = "build/verilate.rs"]
mod verilate;

#[cfg(not(feature = "verilate"))]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}

#[cfg(feature = "verilate")]
fn main() {
    if let Err(e) = build() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}

#[cfg(feature = "verilate")]
fn build() -> Result<(), Box<dyn std::error::Error>> {
    use std::path::{Path, PathBuf};

    let home = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // Another folder, for instance one with a planted fault, takes the place of the committed Verilog.
    let verilog = match std::env::var_os("DELTASCOPE_VERILOG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => home.join("../../rtl/verilog"),
    };
    for watched in ["build", "build.rs", "csrc", "fixtures"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    println!("cargo:rerun-if-env-changed=DELTASCOPE_VERILOG_DIR");
    println!("cargo:rerun-if-env-changed=VERILATOR");
    println!("cargo:rerun-if-changed={}", verilog.display());

    let includes = verilate::include_folders()?;
    let compiler = |flags: &[&str]| {
        let mut build = cc::Build::new();
        build.cpp(true).std("c++17").opt_level(2).debug(false).warnings(false).pic(true);
        build.includes(&includes).include(home.join("csrc"));
        for (name, value) in verilate::MACROS {
            build.define(name, value);
        }
        for flag in flags {
            build.flag(flag);
        }
        build
    };

    let mut designs: Vec<(String, PathBuf)> = Vec::new();
    for name in designs::BLOCKS {
        designs.push((name.to_string(), verilog.join(format!("{name}.v"))));
    }
    for name in designs::FIXTURES {
        designs.push((name.to_string(), home.join("fixtures").join(format!("{name}.v"))));
    }
    let mut table = String::from("unsafe extern \"C\" {\n");
    for (name, file) in &designs {
        if !file.exists() {
            let file = file.display();
            return Err(format!("no Verilog for `{name}`: expected {file}; make it with `cargo xtask gen`").into());
        }
        let purpose = verilate::Purpose::Simulate;
        let source = verilate::Source { top: name.clone(), files: vec![file.clone()], defines: Vec::new(), purpose };
        let folder = out.join(name);
        let file = verilate::verilate(&source, &folder)?;
        compiler(&[]).include(&folder).file(file).compile(&format!("deltascope_{name}"));
        table += &format!("    fn deltascope_design_{name}() -> *const Api;\n");
    }
    table += "}\n\n/// Every design that the build script made.\npub(super) const BUILT_IN: &[(&str, Entry)] = &[\n";
    for (name, _) in &designs {
        table += &format!("    (\"{name}\", deltascope_design_{name}),\n");
    }
    table += "];\n";
    std::fs::write(out.join("designs.rs"), table)?;

    // Last, so that the linker finds here what the designs above left open.
    let runtime = ["verilated_threads.cpp", "verilated_vcd_c.cpp"].map(|f| Path::new(&includes[0]).join(f));
    compiler(&[]).file(home.join("csrc/runtime.cpp")).files(runtime).compile("deltascope_verilated");
    println!("cargo:rustc-env=DELTASCOPE_VERILATED_LIBRARY={}", out.join("libdeltascope_verilated.a").display());
    Ok(())
}
