//! The image as a file: built, its settings edited, its sections listed.

use anyhow::{Context, Result, anyhow, bail, ensure};
use deltascope_firmware_core::settings::{self, BYTES, Settings};
use deltascope_ps7::table;
use object::{File, Object, ObjectSection, SectionFlags, SectionKind};
use std::fs;
use std::path::PathBuf;

use crate::board::arm::cross::{Compiler, Cross, Target};
use crate::cargo::target_folder;
use crate::setup::Tool;

/// Section of the settings (`firmware/image/memory.x`).
const SETTINGS: &str = ".settings";
/// Section of the table of a board (`firmware/first-stage/memory.x`).
const TABLE: &str = ".table";
/// Flag of a section that is in memory (ELF, `SHF_ALLOC`).
const SHF_ALLOC: u64 = 2;

/// Where images and logs go.
pub fn folder() -> PathBuf {
    target_folder().join("firmware")
}

/// An image.
#[derive(Clone)]
pub struct Image {
    bytes: Vec<u8>,
    /// Which compiler built it.
    pub compiler: String,
    /// The same as a tool, for tables that depend on its version.
    pub tools: &'static [Tool],
}

/// A section of memory.
pub struct Section {
    /// Its name.
    pub name: String,
    /// First address.
    pub address: u64,
    /// Bytes.
    pub bytes: u64,
    /// Whether the file brings its contents.
    pub is_loaded: bool,
}

impl Image {
    /// Builds the image.
    pub fn build(compiler: Option<Compiler>) -> Result<Image> {
        let cross = Cross::find(Target::BareMetal, compiler)?;
        let program = cross.build_in("firmware/image", "deltascope-firmware")?;
        let bytes = fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
        Ok(Image { bytes, compiler: cross.describe()?, tools: cross.tools() })
    }

    /// Builds the first stage, without a table.
    pub fn first_stage(compiler: Option<Compiler>) -> Result<Image> {
        let cross = Cross::find(Target::BareMetal, compiler)?;
        let program = cross.build_in("firmware/first-stage", "deltascope-first-stage")?;
        let bytes = fs::read(&program).with_context(|| format!("reading {}", program.display()))?;
        Ok(Image { bytes, compiler: cross.describe()?, tools: cross.tools() })
    }

    /// A copy of the first stage with the table of a board.
    pub fn with_table(&self, table: &[u8; table::BYTES]) -> Result<Image> {
        let offset = self.range(TABLE, table::BYTES)?;
        let mut image = self.clone();
        image.bytes[offset..offset + table::BYTES].copy_from_slice(table);
        Ok(image)
    }

    /// Where in the file a section of `expected` bytes is.
    fn range(&self, name: &str, expected: usize) -> Result<usize> {
        let file = File::parse(&*self.bytes).context("reading the image")?;
        let section = file.section_by_name(name);
        let (offset, bytes) = section
            .and_then(|section| section.file_range())
            .ok_or_else(|| anyhow!("image: expected a section {name}, found none"))?;
        ensure!(usize::try_from(bytes)? == expected, "image: expected {expected} bytes of {name}, found {bytes}");
        Ok(usize::try_from(offset)?)
    }

    /// Where in the file the settings are.
    fn block(&self) -> Result<usize> {
        self.range(SETTINGS, BYTES)
    }

    /// The settings, read.
    pub fn settings(&self) -> Result<Settings> {
        Ok(Settings::parse(&self.text()?)?)
    }

    /// The settings as text.
    pub fn text(&self) -> Result<String> {
        let offset = self.block()?;
        let block: &[u8; BYTES] = self.bytes[offset..offset + BYTES].try_into()?;
        Ok(settings::text(block)?.to_owned())
    }

    /// A copy with other settings, each `KEY=VALUE`.
    pub fn with_settings(&self, changes: &[impl AsRef<str>]) -> Result<Image> {
        let mut lines: Vec<String> = self.text()?.lines().map(str::to_owned).collect();
        for change in changes {
            let change = change.as_ref();
            let Some((key, _)) = change.split_once('=') else { bail!("--set: expected KEY=VALUE, found {change:?}") };
            match lines.iter_mut().find(|line| line.split('=').next() == Some(key)) {
                Some(line) => *line = change.to_owned(),
                None => lines.push(change.to_owned()),
            }
        }
        let text = lines.join("\n") + "\n";
        Settings::parse(&text)?;
        let mut bytes = self.bytes.clone();
        let offset = self.block()?;
        bytes[offset..offset + BYTES].copy_from_slice(&settings::block(&text)?);
        Ok(Image { bytes, compiler: self.compiler.clone(), tools: self.tools })
    }

    /// Writes it into the folder of images.
    pub fn write(&self, name: &str) -> Result<PathBuf> {
        let path = folder().join(name);
        fs::create_dir_all(folder())?;
        fs::write(&path, &self.bytes).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// The sections that take memory, by address.
    pub fn sections(&self) -> Result<Vec<Section>> {
        let file = File::parse(&*self.bytes).context("reading the image")?;
        let mut rows = Vec::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
            if sh_flags & SHF_ALLOC == 0 || section.size() == 0 {
                continue;
            }
            rows.push(Section {
                name: section.name()?.to_owned(),
                address: section.address(),
                bytes: section.size(),
                is_loaded: section.kind() != SectionKind::UninitializedData,
            });
        }
        rows.sort_by_key(|row| row.address);
        Ok(rows)
    }
}
