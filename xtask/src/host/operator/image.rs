//! An image of a container that holds a few programs and nothing else, made without a registry.

use crate::cargo::run;
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes the archive of an image in `folder`, as `docker save` does, and returns its path.
pub fn archive(folder: &Path, name: &str, programs: &[&Path]) -> Result<PathBuf> {
    let (image, archive) = (folder.join("image"), folder.join("image.tar"));
    fs::create_dir(&image)?;
    let layer = image.join("layer.tar");
    let mut tar = Command::new("tar");
    tar.arg("-cf").arg(&layer);
    for program in programs {
        let (parent, file) = (program.parent().context("a folder")?, program.file_name().context("a name")?);
        tar.arg("-C").arg(parent).arg(file);
    }
    run(&mut tar)?;
    let sum = Command::new("sha256sum").arg(&layer).output().context("starting sha256sum")?;
    let sum = String::from_utf8(sum.stdout)?;
    let sum = sum.split_whitespace().next().context("no sum")?;
    let config = json!({"architecture": machine(), "os": "linux", "config": {"Entrypoint": ["/pause"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{sum}")]}});
    fs::write(image.join("config.json"), config.to_string())?;
    let manifest = json!([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]);
    fs::write(image.join("manifest.json"), manifest.to_string())?;
    let files = ["manifest.json", "config.json", "layer.tar"];
    run(Command::new("tar").arg("-C").arg(&image).arg("-cf").arg(&archive).args(files))?;
    Ok(archive)
}

/// This machine as images name it.
fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
