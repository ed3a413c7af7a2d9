//! Rules of the sources that the compiler does not know.

mod error_sources;
mod imports;
mod module_calls;
mod open_errors;
mod programs;
mod trait_defaults;

use crate::cargo::root;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns every Rust file of the tree, build folders left out.
fn rust_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    visit(&root(), &mut found);
    found
}

fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !path.is_symlink() && name != "target" && name != "build" && !name.starts_with('.') {
            visit(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Parses a file.
fn parse(file: &Path) -> syn::File {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
