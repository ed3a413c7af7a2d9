//! Verilates every design of `build/designs.rs` and compiles it, when the feature `verilate` asks for it.

#[cfg(feature = "verilate")]
#[path = "build/designs.rs"]
mod designs;
#[cfg(feature = "verilate")]
#[path = "build/fingerprint.rs"]
mod fingerprint;
#[cfg(feature = "verilate")]
#[path = "build/tool.rs"]
mod tool;
#[cfg(feature = "verilate")]
#[path = "build/verilate.rs"]
mod verilate;
#[cfg(feature = "verilate")]
#[path = "build/versioned.rs"]
mod versioned;

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
    use versioned::Versioned;

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
    // Another Verilator or compiler may come first on the path.
    for variable in ["DELTASCOPE_VERILOG_DIR", "VERILATOR", "PATH", "CXX", "CXXFLAGS"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed={}", verilog.display());
    let name = std::env::var_os("VERILATOR").map_or_else(|| PathBuf::from("verilator"), PathBuf::from);
    let verilator = Versioned::find(&name, "VERILATOR")?;
    let includes = versioned::include_folders(&verilator)?;
    let compiler = |flags: &[&str]| {
        let mut build = cc::Build::new();
        build.cpp(true).std("c++17").opt_level(2).debug(false).warnings(false).pic(true);
        build.cargo_metadata(false).includes(&includes).include(home.join("csrc"));
        for (name, value) in verilate::MACROS {
            build.define(name, value);
        }
        for flag in flags {
            build.flag(flag);
        }
        build
    };

    let cxx = Versioned::find(compiler(&[]).get_compiler().path(), "CXX")?;
    for (tool, variable) in [(&verilator, "DELTASCOPE_VERILATOR"), (&cxx, "DELTASCOPE_CXX")] {
        for file in tool.changes_with() {
            println!("cargo:rerun-if-changed={}", file.display());
        }
        println!("cargo:rustc-env={variable}={}", tool.program.display());
        println!("cargo:rustc-env={variable}_VERSION={}", tool.version);
    }

    let mut designs: Vec<(String, PathBuf)> = Vec::new();
    for name in designs::BLOCKS {
        designs.push((name.to_string(), verilog.join(format!("{name}.v"))));
    }
    for name in designs::FIXTURES {
        designs.push((name.to_string(), home.join("fixtures").join(format!("{name}.v"))));
    }
    // What the linker needs, in the order in which it looks: designs, the run-time library, that of C++.
    println!("cargo:rustc-link-search=native={}", out.display());
    for (name, _) in &designs {
        println!("cargo:rustc-link-lib=static=deltascope_{name}");
    }
    println!("cargo:rustc-link-lib=static=deltascope_verilated\ncargo:rustc-link-lib=stdc++");
    println!("cargo:rustc-env=DELTASCOPE_VERILATED_LIBRARY={}", out.join("libdeltascope_verilated.a").display());

    let sources = [verilog.clone(), home.join("fixtures"), home.join("csrc"), includes[0].clone()];
    let compiler_settings = ["CXX", "CXXFLAGS"].map(|variable| std::env::var_os(variable).unwrap_or_default());
    let made_from =
        fingerprint::fingerprint(&[&verilator, &cxx], &compiler_settings, &sources, &[std::env::current_exe()?])?;
    let stamp = out.join("made-from");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == made_from) {
        return Ok(());
    }
    // What an interrupted run leaves must not be taken for what the stamp reports.
    let _ = std::fs::remove_file(&stamp);
    let mut table = String::from("unsafe extern \"C\" {\n");
    for (name, file) in &designs {
        if !file.exists() {
            let file = file.display();
            return Err(format!("no Verilog for `{name}`: expected {file}; make it with `cargo xtask gen`").into());
        }
        let purpose = verilate::Purpose::Simulate;
        let source = verilate::Source { top: name.clone(), files: vec![file.clone()], defines: Vec::new(), purpose };
        let folder = out.join(name);
        let file = verilate::verilate(&verilator, &source, &folder)?;
        compiler(&[]).include(&folder).file(file).compile(&format!("deltascope_{name}"));
        table += &format!("    fn deltascope_design_{name}() -> *const Api;\n");
    }
    table += "}\n\n/// Every design that the build script made.\npub(super) const BUILT_IN: &[(&str, Entry)] = &[\n";
    for (name, _) in &designs {
        table += &format!("    (\"{name}\", deltascope_design_{name}),\n");
    }
    table += "];\n";
    std::fs::write(out.join("designs.rs"), table)?;

    let runtime = ["verilated_threads.cpp", "verilated_vcd_c.cpp"].map(|f| Path::new(&includes[0]).join(f));
    compiler(&[]).file(home.join("csrc/runtime.cpp")).files(runtime).compile("deltascope_verilated");
    std::fs::write(&stamp, made_from)?;
    Ok(())
}
