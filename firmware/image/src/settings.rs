//! The settings block of this image.

use deltascope_firmware_core::settings::{self, BYTES, DEFAULT_TEXT, Settings, SettingsError};

const DEFAULT: [u8; BYTES] = match settings::block(DEFAULT_TEXT) {
    Ok(block) => block,
    Err(_) => panic!("the default settings fit a block"),
};

/// The block that `cargo xtask board fw --set` edits.
#[unsafe(link_section = ".settings")]
#[used]
static BLOCK: [u8; BYTES] = DEFAULT;

/// Reads the settings. A block that cannot be read gives the defaults, which serve the link only, and the reason.
pub fn read() -> (Settings, Option<SettingsError>) {
    let mut block = [0; BYTES];
    for (index, byte) in block.iter_mut().enumerate() {
        // SAFETY: it is the block; the compiler may not take its contents from this source.
        *byte = unsafe { BLOCK.as_ptr().add(index).read_volatile() };
    }
    match settings::text(&block).and_then(Settings::parse) {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::default(), Some(error)),
    }
}
