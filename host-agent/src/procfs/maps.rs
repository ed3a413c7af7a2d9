//! `/proc/PID/smaps` and `/proc/PID/maps`: the mappings of a process.

use super::ParseError;
use super::status::kib;
use super::text::Cursor;

/// What the file is called in errors.
const FILE: &str = "/proc/PID/smaps";
/// Mappings that a parser takes at most; the kernel's default limit is 65,530.
pub(super) const MAX_MAPPINGS: usize = 1 << 20;

/// One mapping (VMA). Sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// `s` in the permissions: writes go to the shared object, nothing is copied.
    pub shared: bool,
    /// Offset in the file, bytes; 0 for anonymous memory.
    pub offset: u64,
    /// Major and minor number of the file's device; (0, 0) for anonymous memory.
    pub device: (u32, u32),
    /// Inode of the file; 0 for anonymous memory.
    pub inode: u64,
    /// `[vsyscall]`: not in the page tables of the process.
    pub gate: bool,
    /// `[heap]` or `[stack]`: exec has made it.
    pub of_exec: bool,
    /// `Rss`: resident, of any kind; `None` when read from `maps`.
    pub resident: Option<u64>,
    /// `Anonymous`: resident and anonymous; `None` when read from `maps`.
    pub anonymous: Option<u64>,
    /// `Swap`: swapped out anonymous memory; `None` when read from `maps`.
    pub swapped: Option<u64>,
    /// `AnonHugePages`: anonymous huge pages that are mapped whole; `None` when read from `maps`.
    pub huge: Option<u64>,
    /// `Shared_Clean` and `Shared_Dirty`: mapped more than once, at any address of any process.
    pub mapped_twice: u64,
    /// `VmFlags` holds `mg`: the kernel may merge equal pages (KSM).
    pub mergeable: bool,
    /// `VmFlags` holds `dc` or `wf`: a fork does not hand the pages down (`MADV_DONTFORK`, `MADV_WIPEONFORK`).
    pub not_inherited: bool,
    /// `VmFlags` holds `ht`: huge pages of hugetlbfs.
    pub hugetlb: bool,
    /// `VmFlags` holds `io`, `pf` or `mm` (VM_IO, VM_PFNMAP, VM_MIXEDMAP): frames without a
    /// page of the kernel's, which pagemap shows like anonymous ones.
    pub device_memory: bool,
    /// The mapping was read without its `VmFlags`, so that `not_inherited` is not known.
    pub flags_unknown: bool,
}

impl Mapping {
    /// Whether `next` continues this mapping as far as its pages are concerned: programs that change the protection
    /// of single pages have tens of thousands of such pieces. Pieces with and without anonymous pages stay apart,
    /// so that a large reservation is not looked at with the memory beside it.
    fn continues(&self, next: &Mapping) -> bool {
        // Without its flags each mapping is looked at by itself.
        if self.flags_unknown || next.flags_unknown {
            return false;
        }
        let kind = |m: &Mapping| {
            let Mapping { shared, gate, hugetlb, device_memory, mergeable, not_inherited, .. } = *m;
            let swapped = m.swapped.unwrap_or(0) > 0;
            let anonymous = m.anonymous.map(|bytes| bytes > 0 || swapped);
            ((shared, gate, hugetlb, device_memory), (mergeable, not_inherited), anonymous)
        };
        let anonymous = |m: &Mapping| m.inode == 0 && m.device == (0, 0) && !m.shared;
        self.end == next.start && anonymous(self) && anonymous(next) && kind(self) == kind(next)
    }

    fn join(&mut self, next: &Mapping) {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        self.end = next.end;
        self.resident = sum(self.resident, next.resident);
        self.anonymous = sum(self.anonymous, next.anonymous);
        self.swapped = sum(self.swapped, next.swapped);
        self.huge = sum(self.huge, next.huge);
        self.mapped_twice = self.mapped_twice.saturating_add(next.mapped_twice);
    }

    /// Pages in the mapping.
    pub fn pages(&self) -> u64 {
        (self.end - self.start) / super::PAGE_SIZE as u64
    }
}

/// Takes the lines of `smaps` or `maps` one by one.
///
/// A program that maps while the kernel writes the list can make it name addresses twice: the kernel resumes behind
/// the last address and a mapping that has grown meanwhile begins before it. Such a mapping is taken from there on, so
/// that every address counts once.
#[derive(Debug, Default)]
pub struct MappingParser {
    mappings: Vec<Mapping>,
    /// The fields that come belong to a mapping whose addresses were all named before.
    repeated: bool,
}

impl MappingParser {
    /// Starts with no mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one line, without its line end, that starts `offset` bytes into the file.
    ///
    /// # Errors
    /// The line is neither the head of a mapping nor a field of one, a mapping is empty, or there are more than 2^20.
    pub fn line(&mut self, line: &[u8], offset: u64) -> Result<(), ParseError> {
        let mut cursor = Cursor::new(FILE, line, offset);
        match cursor.peek() {
            Some(b'0'..=b'9' | b'a'..=b'f') => self.head(&mut cursor),
            Some(b'A'..=b'Z') => self.field(&mut cursor),
            _ => Err(cursor.error("the address of a mapping or the key of a field")),
        }
    }

    /// The mappings as the kernel has them, ordered by address; neighbours of one kind are not joined.
    pub(crate) fn pieces(self) -> Vec<Mapping> {
        self.mappings
    }

    /// The mappings, ordered by address.
    pub fn finish(mut self) -> Vec<Mapping> {
        self.mappings.dedup_by(|next, mapping| {
            let one = mapping.continues(next);
            if one {
                mapping.join(next);
            }
            one
        });
        self.mappings.shrink_to_fit();
        self.mappings
    }

    /// `start-end perms offset major:minor inode   name`
    fn head(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
        let place = cursor.clone();
        let start = cursor.hexadecimal("the start of a mapping")?;
        cursor.literal(b"-", "`-` between start and end")?;
        let end = cursor.hexadecimal("the end of a mapping")?;
        let after = self.mappings.last().map_or(0, |last| last.end);
        if start >= end || start % 4096 != 0 || end % 4096 != 0 {
            return Err(place.error("a mapping of whole pages"));
        }
        if self.mappings.len() >= MAX_MAPPINGS {
            return Err(place.error("at most 2^20 mappings"));
        }
        cursor.literal(b" ", "a blank before the permissions")?;
        let permissions = cursor.clone();
        let shared = match cursor.word("four permissions")? {
            [_, _, _, b's'] => true,
            [_, _, _, b'p'] => false,
            _ => return Err(permissions.error("four permissions, the last `p` or `s`")),
        };
        cursor.literal(b" ", "a blank before the offset")?;
        let offset = cursor.hexadecimal("the offset in the file")?;
        cursor.literal(b" ", "a blank before the device")?;
        let major = device_number(cursor)?;
        cursor.literal(b":", "`:` between major and minor")?;
        let minor = device_number(cursor)?;
        cursor.literal(b" ", "a blank before the inode")?;
        let inode = cursor.decimal("an inode number")?;
        cursor.blanks();
        self.repeated = end <= after;
        if self.repeated {
            return Ok(());
        }
        let known = after.saturating_sub(start);
        self.mappings.push(Mapping {
            start: start + known,
            end,
            shared,
            offset: if inode == 0 { offset } else { offset.wrapping_add(known) },
            device: (major, minor),
            inode,
            gate: cursor.rest() == b"[vsyscall]",
            of_exec: matches!(cursor.rest(), b"[heap]" | b"[stack]"),
            ..Mapping::default()
        });
        Ok(())
    }

    /// `Key:   N kB`, or `VmFlags: rd wr ...`; unknown keys are passed over.
    fn field(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
        let place = cursor.clone();
        let key = cursor.until(b':', "a key and `:`")?;
        let Some(mapping) = self.mappings.last_mut() else {
            return Err(place.error("the address of a mapping before its fields"));
        };
        if self.repeated {
            return Ok(());
        }
        match key {
            b"Shared_Clean" | b"Shared_Dirty" => {
                mapping.mapped_twice = mapping.mapped_twice.saturating_add(kib(cursor)?)
            }
            b"AnonHugePages" => mapping.huge = Some(kib(cursor)?),
            b"Rss" => mapping.resident = Some(kib(cursor)?),
            b"Anonymous" => mapping.anonymous = Some(kib(cursor)?),
            b"Swap" => mapping.swapped = Some(kib(cursor)?),
            b"VmFlags" => {
                for flag in cursor.rest().split(|&byte| byte == b' ') {
                    match flag {
                        b"ht" => mapping.hugetlb = true,
                        b"mg" => mapping.mergeable = true,
                        b"dc" | b"wf" => mapping.not_inherited = true,
                        b"io" | b"pf" | b"mm" => mapping.device_memory = true,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn device_number(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    let place = cursor.clone();
    u32::try_from(cursor.hexadecimal("a device number")?).map_err(|_| place.error("a device number of 32 bits"))
}

/// Parses the whole text of `smaps` or `maps` (`proc_pid_smaps(5)`).
///
/// # Errors
/// As [`MappingParser::line`].
pub fn parse_mappings(text: &[u8]) -> Result<Vec<Mapping>, ParseError> {
    let mut parser = MappingParser::new();
    let mut offset = 0u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        parser.line(line.strip_suffix(b"\n").unwrap_or(line), offset)?;
        offset = offset.saturating_add(line.len() as u64);
    }
    Ok(parser.finish())
}
