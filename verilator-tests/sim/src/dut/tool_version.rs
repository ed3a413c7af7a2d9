//! Another Verilator makes everything again, or is an error that names both versions; never a symbol that is missing.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::compile::built_with;
use super::fingerprint::fingerprint;
use super::tool::VerilateError;
use super::verilator::Verilator;

/// Writes a program that prints `version` and otherwise is the Verilator of the build.
fn put(program: &Path, version: &str) {
    let real = built_with().program;
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Verilator {version}' && exit\nexec {} \"$@\"\n",
        real.display()
    );
    fs::write(program, script).expect("writing a script");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("making it a program");
}

#[test]
fn verilator_of_the_build_is_unchanged() {
    built_with().unchanged().expect("the Verilator of the build");
}

#[test]
fn replaced_verilator_is_an_error_with_both_versions() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("verilator");
    put(&program, "5.006");
    let built = Verilator::of(&program).expect("a version");
    built.unchanged().expect("nothing has changed");
    put(&program, "5.052");
    let error = built.unchanged().expect_err("another version");
    assert!(matches!(error, VerilateError::OtherVersion { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("`Verilator 5.006`") && text.contains("`Verilator 5.052`"), "{text}");
    assert!(text.contains("cargo clean -p deltascope-sim"), "{text}");
}

#[test]
fn fingerprint_changes_with_tool_settings_and_sources() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("a.v");
    fs::write(&source, "module a; endmodule\n").expect("writing a source");
    let of = |program: &str, version: &str, settings: &[OsString]| {
        let verilator = Verilator { program: program.into(), version: version.to_owned() };
        fingerprint(&verilator, settings, &[folder.path().to_owned()], &[]).expect("a fingerprint")
    };
    let first = of("/usr/bin/verilator", "Verilator 5.006", &[]);
    assert_eq!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.052", &[]));
    assert_ne!(first, of("/opt/bin/verilator", "Verilator 5.006", &[]));
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &["clang++".into()]));
    let copy = tempfile::tempdir().expect("a folder");
    fs::copy(&source, copy.path().join("a.v")).expect("copying a source");
    let verilator = Verilator { program: "/usr/bin/verilator".into(), version: "Verilator 5.006".to_owned() };
    let copied = fingerprint(&verilator, &[], &[copy.path().to_owned()], &[]).expect("a fingerprint");
    assert_eq!(first, copied, "another folder with the same files");
    fs::rename(&source, folder.path().join("b.v")).expect("renaming a source");
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
    fs::write(&source, "module b; endmodule\n").expect("writing a source");
    fs::remove_file(folder.path().join("b.v")).expect("removing a source");
    assert_ne!(first, of("/usr/bin/verilator", "Verilator 5.006", &[]));
}
