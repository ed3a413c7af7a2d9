//! What a library crate needs before it can be published: a complete manifest, a package, documentation without a warning.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

use crate::cargo::{cargo, run as execute};

/// Files that each library crate has beside its manifest.
const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// Parts of the manifest that must not be empty.
const PARTS: [&str; 5] = ["description", "documentation", "license", "rust_version", "readme"];
/// Most keywords that a registry takes.
const KEYWORDS: usize = 5;

/// Checks the manifests and packages every library crate. The packages are not built: the tests build the same sources.
pub fn packages() -> Result<()> {
    package(&["--no-verify"])
}

/// Packages every library crate and builds each from what its package holds.
pub fn verified_packages() -> Result<()> {
    package(&[])
}

fn package(options: &[&str]) -> Result<()> {
    let metadata = metadata()?;
    let mut wrong = Vec::new();
    let mut command = cargo(&["package", "--workspace", "--allow-dirty", "--locked"]);
    command.args(options);
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            command.args(["--exclude", name]);
        } else {
            wrong.extend(missing(package).into_iter().map(|part| format!("{name}: {part}")));
        }
    }
    ensure!(wrong.is_empty(), "manifests: expected every part, found these wrong:\n  {}", wrong.join("\n  "));
    let output = command.stdin(Stdio::null()).output().context("starting cargo")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || text.contains("warning:") {
        bail!("cargo package: expected no error and no warning, found {}:\n{text}", output.status);
    }
    println!("{} crates packaged", text.lines().filter(|line| line.trim_start().starts_with("Packaged")).count());
    Ok(())
}

/// Documents the workspace with `features`; a warning is a failure.
pub fn documentation(features: &str) -> Result<()> {
    execute(
        cargo(&["doc", "--quiet", "--release", "--locked", "--workspace", "--no-deps", "--features", features])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn metadata() -> Result<Value> {
    let output =
        cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]).output().context("starting cargo")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("reading what cargo metadata prints")
}

/// Returns what a library crate lacks.
fn missing(package: &Value) -> Vec<String> {
    let empty = |part: &&&str| package[**part].as_str().is_none_or(str::is_empty);
    let mut wrong: Vec<String> =
        PARTS.iter().filter(empty).map(|part| format!("expected `{part}`, found none")).collect();
    let keywords = package["keywords"].as_array().map_or(0, Vec::len);
    if !(1..=KEYWORDS).contains(&keywords) {
        wrong.push(format!("expected 1 to {KEYWORDS} keywords, found {keywords}"));
    }
    let folder = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent();
    let is_missing = |file: &&str| folder.is_none_or(|folder| !folder.join(file).is_file());
    wrong.extend(FILES.into_iter().filter(is_missing).map(|file| format!("expected the file {file}, found none")));
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        // A dependency of tests alone is left out of the package when it has no version.
        let needs_version = dependency["path"].is_string() && dependency["kind"] != "dev";
        if needs_version && dependency["req"] == "*" {
            wrong.push(format!("expected a version of the path dependency {}, found none", dependency["name"]));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::{metadata, missing};
    use serde_json::{Value, json};

    fn package() -> Value {
        let metadata = metadata().expect("metadata of the workspace");
        let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
        packages.into_iter().find(|package| package["name"] == "deltascope-model").expect("a package")
    }

    #[test]
    fn each_missing_part_is_reported() {
        assert_eq!(missing(&package()), [""; 0]);
        for (part, value) in [
            ("description", Value::Null),
            ("documentation", json!("")),
            ("license", Value::Null),
            ("rust_version", Value::Null),
            ("readme", Value::Null),
            ("keywords", json!([])),
            ("manifest_path", json!("/none/Cargo.toml")),
        ] {
            let mut package = package();
            package[part] = value;
            assert!(!missing(&package).is_empty(), "{part}");
        }
        let mut package = package();
        package["dependencies"] = json!([{"name": "sibling", "path": "/sibling", "req": "*", "kind": null}]);
        assert_eq!(missing(&package).len(), 1);
    }
}
