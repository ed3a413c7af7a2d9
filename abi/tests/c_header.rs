//! The committed C header compiles, and a C compiler agrees with every offset and size.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::Write;
use std::process::{Command, Stdio};

/// Compiles `source` with the header's folder on the include path.
fn compile(source: &str) -> std::process::Output {
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let mut gcc = Command::new("gcc")
        .args(["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", "-x", "c", "-I", include, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    gcc.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    gcc.wait_with_output().unwrap()
}

#[test]
fn a_c_compiler_agrees_with_every_offset() {
    let output = compile("#include \"deltascope_ring.h\"\n");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_wrong_offset_does_not_compile() {
    let output = compile(
        "#include \"deltascope_ring.h\"\n\
         DELTASCOPE_ASSERT(offsetof(struct deltascope_ring_header, tail) == 184, planted);\n",
    );
    assert!(!output.status.success(), "a planted wrong offset was accepted");
}
