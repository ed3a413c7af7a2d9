//! The image as a file: what is loaded where, where it begins, and how its log is decoded.

use anyhow::{Context, Result, anyhow, ensure};
use deltascope_sim::axi_dma::{Memory, Ram, Response};
use object::{Object, ObjectSection, ObjectSegment, SectionKind};
use std::path::Path;

/// An image.
pub struct Image {
    bytes: Vec<u8>,
    /// Address of its first instruction.
    pub entry: u32,
    /// Addresses of its code.
    pub code: (u32, u32),
}

impl Image {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// It cannot be read, or it is no image.
    pub fn read(path: &Path) -> Result<Image> {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let file = object::File::parse(&*bytes).with_context(|| format!("reading {}", path.display()))?;
        let entry = u32::try_from(file.entry())?;
        let text = file.sections().filter(|section| section.kind() == SectionKind::Text);
        let ranges = text.map(|section| (section.address(), section.address() + section.size()));
        let code = ranges.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        let (first, end) = code.ok_or_else(|| anyhow!("{}: expected code, found none", path.display()))?;
        let code = (u32::try_from(first)?, u32::try_from(end)?);
        Ok(Image { bytes, entry, code })
    }

    /// Loads it as a first stage does.
    ///
    /// # Errors
    /// It does not fit the memory.
    pub fn load(&self, memory: &mut Ram) -> Result<()> {
        let file = object::File::parse(&*self.bytes).context("reading the image")?;
        for segment in file.segments() {
            let answer = memory.write(segment.address(), segment.data()?);
            ensure!(answer == Response::Okay, "image: expected memory at {:#010x}, found none", segment.address());
        }
        Ok(())
    }

    /// Returns the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
