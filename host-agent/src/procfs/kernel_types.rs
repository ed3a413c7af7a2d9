//! What the kernel reports of its own types (BTF, `Documentation/bpf/btf.rst`).

/// First word of BTF, in the order of bytes of the machine.
const MAGIC: u16 = 0xeb9f;
/// Bytes of a type before what is special to its kind, and of one member of a structure.
const TYPE: usize = 12;
const MEMBER: usize = 12;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const FUNC: u32 = 12;
/// Anonymous structures within each other that are looked into.
const MAX_DEPTH: usize = 4;

/// Where a BPF program that is run for each mapping of a process finds what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MappingTypes {
    /// Number of the function `bpf_iter_task_vma`, which such programs attach to.
    pub iterator: u32,
    /// Bytes from the start of `struct vm_area_struct` to its first address.
    pub start: u32,
    /// The same of the first address behind it.
    pub end: u32,
    /// The same of its flags.
    pub flags: u32,
}

/// Finds the types of mappings in the BTF of a kernel; `None` where they are not there or the bytes are not BTF.
pub(super) fn mapping_types(btf: &[u8]) -> Option<MappingTypes> {
    let types = Types::parse(btf)?;
    let iterator = types.named(FUNC, b"bpf_iter_task_vma")?;
    let mapping = types.named(STRUCT, b"vm_area_struct")?;
    let member = |name| types.member(mapping, name, MAX_DEPTH);
    Some(MappingTypes { iterator, start: member(b"vm_start")?, end: member(b"vm_end")?, flags: member(b"vm_flags")? })
}

/// All types, by number.
struct Types<'b> {
    types: &'b [u8],
    names: &'b [u8],
    /// Where each type begins; number 0 is `void` and has no place.
    places: Vec<usize>,
}

impl<'b> Types<'b> {
    fn parse(btf: &'b [u8]) -> Option<Self> {
        let magic = u16::from_ne_bytes(*btf.first_chunk()?);
        let [header, types, type_bytes, names, name_bytes] =
            [4, 8, 12, 16, 20].map(|at| word(btf, at).map(|word| word as usize));
        let part = |from: usize, bytes: usize| {
            let from = header?.checked_add(from)?;
            btf.get(from..from.checked_add(bytes)?)
        };
        let (types, names) = (part(types?, type_bytes?)?, part(names?, name_bytes?)?);
        let mut places = vec![0];
        let mut at = 0;
        while at < types.len() {
            places.push(at);
            let information = word(types, at + 4)?;
            at += TYPE + tail(kind(information), length(information))?;
        }
        (magic == MAGIC && at == types.len()).then_some(Self { types, names, places })
    }

    /// The number of the first type of a kind with a name.
    fn named(&self, wanted: u32, name: &[u8]) -> Option<u32> {
        let found = self
            .places
            .iter()
            .skip(1)
            .position(|&at| word(self.types, at + 4).map(kind) == Some(wanted) && self.has_name(at, name))?;
        u32::try_from(found + 1).ok()
    }

    fn has_name(&self, at: usize, name: &[u8]) -> bool {
        let rest = word(self.types, at).and_then(|from| self.names.get(from as usize..));
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// Bytes from the start of a structure to a member of it, or of an anonymous one within it.
    fn member(&self, number: u32, name: &[u8], depth: usize) -> Option<u32> {
        let place = *self.places.get(number as usize)?;
        let information = word(self.types, place + 4)?;
        if number == 0 || !matches!(kind(information), STRUCT | UNION) {
            return None;
        }
        (0..length(information)).find_map(|member| {
            let at = place + TYPE + member * MEMBER;
            // With bit fields the width is in the upper byte.
            let offset = (word(self.types, at + 8)? & 0x00ff_ffff) / 8;
            if self.has_name(at, name) {
                return Some(offset);
            }
            let within = word(self.types, at + 4).filter(|_| depth > 0 && self.has_name(at, b""))?;
            offset.checked_add(self.member(within, name, depth - 1)?)
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn kind(information: u32) -> u32 {
    information >> 24 & 31
}

/// Members, parameters or values of a type.
fn length(information: u32) -> usize {
    (information & 0xffff) as usize
}

/// Bytes behind the head of a type; `None` for a kind that is not known.
fn tail(kind: u32, length: usize) -> Option<usize> {
    Some(match kind {
        // INT, VAR, DECL_TAG
        1 | 14 | 17 => 4,
        // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG
        2 | 7..=12 | 16 | 18 => 0,
        // ARRAY
        3 => 12,
        // STRUCT, UNION, DATASEC, ENUM64
        4 | 5 | 15 | 19 => 12 * length,
        // ENUM, FUNC_PROTO
        6 | 13 => 8 * length,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `struct vm_area_struct { union { struct { long vm_start, vm_end; }; int other; }; int gap; union { const long vm_flags; }; }`
    /// and the function.
    fn example() -> Vec<u8> {
        let names = b"\0long\0vm_start\0vm_end\0vm_flags\0vm_area_struct\0bpf_iter_task_vma\0gap\0";
        let name = |text: &[u8]| {
            let whole = [text, b"\0"].concat();
            names.windows(whole.len()).position(|part| part == whole).unwrap() as u32
        };
        let head = |kind: u32, length: u32| kind << 24 | length;
        let words = [
            // 1: long
            vec![name(b"long"), head(1, 0), 8, 64],
            // 2: the anonymous structure
            vec![0, head(STRUCT, 2), 16, name(b"vm_start"), 1, 0, name(b"vm_end"), 1, 64],
            // 3: its union
            vec![0, head(UNION, 2), 16, 0, 2, 0, name(b"gap"), 1, 0],
            // 4: that of the flags
            vec![0, head(UNION, 1), 8, name(b"vm_flags"), 1, 0],
            // 5: a function's type, an enumeration of two values, and the function
            vec![0, head(13, 1), 0, 0, 1],
            vec![0, head(6, 2), 4, 0, 1, 0, 2],
            vec![name(b"bpf_iter_task_vma"), head(FUNC, 1), 5],
            vec![name(b"vm_area_struct"), head(STRUCT, 3), 40, 0, 3, 0, name(b"gap"), 1, 128, 0, 4, 192],
        ]
        .concat();
        let bytes = words.len() as u32 * 4;
        let mut btf = [MAGIC.to_ne_bytes().as_slice(), &[1, 0]].concat();
        for word in [24, 0, bytes, bytes, names.len() as u32].into_iter().chain(words) {
            btf.extend_from_slice(&word.to_ne_bytes());
        }
        btf.extend_from_slice(names);
        btf
    }

    #[test]
    fn members_of_anonymous_structures_are_found() {
        let found = MappingTypes { iterator: 7, start: 0, end: 8, flags: 24 };
        assert_eq!(mapping_types(&example()), Some(found));
    }

    #[test]
    fn damaged_bytes_give_nothing_or_places_in_range() {
        let whole = example();
        for length in 0..whole.len() {
            assert_eq!(mapping_types(&whole[..length]), None, "{length} bytes");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // What is asked for is that it ends.
            std::hint::black_box(mapping_types(&damaged));
        }
    }

    #[test]
    fn structure_that_is_its_own_member_ends() {
        let names = b"\0vm_area_struct\0bpf_iter_task_vma\0";
        let words = [1, STRUCT << 24 | 1, 8, 0, 1, 0, 16, FUNC << 24, 0];
        let mut btf = [MAGIC.to_ne_bytes().as_slice(), &[1, 0]].concat();
        for word in [24, 0, words.len() as u32 * 4, words.len() as u32 * 4, names.len() as u32].into_iter().chain(words)
        {
            btf.extend_from_slice(&word.to_ne_bytes());
        }
        btf.extend_from_slice(names);
        assert_eq!(mapping_types(&btf), None);
    }
}
