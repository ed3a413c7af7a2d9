//! CRC32C (Castagnoli), the checksum of wire frames and the fingerprint of pages and payloads.

/// CRC32C of `bytes`.
#[cfg(feature = "std")]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}

/// CRC32C of `bytes`.
#[cfg(not(feature = "std"))]
pub fn crc32c(bytes: &[u8]) -> u32 {
    table_driven(bytes)
}

/// CRC32C without hardware help, for hosts without an operating system.
pub const fn table_driven(bytes: &[u8]) -> u32 {
    const TABLE: ::crc::Crc<u32, ::crc::Table<16>> = ::crc::Crc::<u32, ::crc::Table<16>>::new(&::crc::CRC_32_ISCSI);
    TABLE.checksum(bytes)
}
