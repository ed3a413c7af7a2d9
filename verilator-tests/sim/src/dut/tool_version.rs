//! Another Verilator or C++ compiler makes everything again, or is an error that names both versions; never a symbol that is missing.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use deltascope_testkit::programs::write_script;

use super::compile::built_with;
use super::fingerprint::fingerprint;
use super::tool::VerilateError;
use super::versioned::Versioned;

/// Writes a program that reports it is `version`, as a tool does, with words behind it.
fn put(program: &Path, version: &str) {
    let script = format!("#!/bin/sh\necho '{version}'; echo 'There is no warranty.'\n");
    write_script(program, &script);
}

#[test]
fn tools_of_the_build_are_unchanged() {
    for tool in built_with() {
        tool.unchanged().expect("the tool of the build");
    }
}

#[test]
fn replaced_tool_is_an_error_with_both_versions() {
    let folder = tempfile::tempdir().expect("a folder");
    let tools = [
        ("VERILATOR", "Verilator 5.006 2023-01-22", "Verilator 5.052 2026-03-01"),
        ("CXX", "c++ (Debian 12.2.0-14) 12.2.0", "c++ (Debian 14.2.0-19) 14.2.0"),
    ];
    for (variable, before, after) in tools {
        let program = folder.path().join(variable);
        put(&program, before);
        let built = Versioned::of(&program, variable).expect("a version");
        assert_eq!(built.version, before);
        built.unchanged().expect("nothing has changed");
        put(&program, after);
        let error = built.unchanged().expect_err("another version");
        assert!(matches!(error, VerilateError::OtherVersion { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("`{before}`")) && text.contains(&format!("`{after}`")), "{text}");
        assert!(text.contains("cargo clean -p deltascope-sim"), "{text}");
    }
}

#[test]
fn fingerprint_changes_with_tool_settings_and_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.v");
    fs::write(&source, "module a; endmodule\n").expect("writing a source");
    let tool = |program: &str, version: &str, variable| Versioned {
        program: program.into(),
        version: version.to_owned(),
        variable,
    };
    let cxx = tool("/usr/bin/c++", "c++ (Debian 12.2.0-14) 12.2.0", "CXX");
    let of = |program: &str, version: &str, settings: &[OsString]| {
        let verilator = tool(program, version, "VERILATOR");
        fingerprint(&[&verilator, &cxx], settings, &[folder.path().to_owned()], &[]).expect("a fingerprint")
    };
    let first = of("/usr/bin/verilator", "Verilator 5.006", &[]);
    assert_eq!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.052", &[]));
    assert_ne!(first, of("/opt/bin/verilator", "Verilator 5.006", &[]));
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &["clang++".into()]));
    let copy = tempfile::tempdir().expect("a folder");
    fs::copy(&source, copy.path().join("a.v")).expect("copying a source");
    let verilator = tool("/usr/bin/verilator", "Verilator 5.006", "VERILATOR");
    let copied =
        |cxx: &Versioned| fingerprint(&[&verilator, cxx], &[], &[copy.path().to_owned()], &[]).expect("a fingerprint");
    assert_eq!(first, copied(&cxx), "another folder with the same files");
    assert_ne!(first, copied(&tool("/usr/bin/c++", "c++ (Debian 14.2.0-19) 14.2.0", "CXX")), "replaced in place");
    assert_ne!(first, copied(&tool("/opt/bin/c++", &cxx.version, "CXX")), "another one");
    fs::rename(&source, folder.path().join("b.v")).expect("renaming a source");
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
    fs::write(&source, "module b; endmodule\n").expect("writing a source");
    fs::remove_file(folder.path().join("b.v")).expect("removing a source");
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
}
