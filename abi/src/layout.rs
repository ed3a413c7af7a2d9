//! Layouts whose fields can be listed, so that another language's declaration is made from them: structs in memory, and
//! bits of a 128-bit beat.

/// Some bits of a 128-bit beat of a stream, all of them in one half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatField {
    /// Name in capitals.
    pub name: &'static str,
    /// Lowest bit in the beat.
    pub low: u32,
    /// Number of bits.
    pub bits: u32,
}

impl BeatField {
    /// The highest bit in the beat.
    pub const fn high(&self) -> u32 {
        self.low + self.bits - 1
    }

    /// The bits of this field in the half of the beat that it is in.
    pub const fn mask(&self) -> u64 {
        (u64::MAX >> (64 - self.bits)) << (self.low % 64)
    }

    /// The value of this field in the half of the beat that it is in.
    #[inline(always)]
    pub const fn get(&self, half: u64) -> u64 {
        (half & self.mask()) >> (self.low % 64)
    }

    /// That half with `value` in this field; bits that do not fit are dropped.
    #[inline(always)]
    pub const fn set(&self, half: u64, value: u64) -> u64 {
        half & !self.mask() | (value << (self.low % 64)) & self.mask()
    }
}

/// Declares fields of a beat as constants by name and as the list `ALL`, and rejects overlaps and a field in both halves.
macro_rules! beat_fields {
    ($($(#[doc = $about:literal])+ $name:ident $high:literal : $low:literal)*) => {
        $($(#[doc = $about])+
        pub const $name: $crate::layout::BeatField =
            $crate::layout::BeatField { name: stringify!($name), low: $low, bits: $high - $low + 1 };)*

        /// Every field, by rising bits.
        pub const ALL: &[$crate::layout::BeatField] = &[$($name),*];

        const _: () = {
            let (mut i, mut next) = (0, 0);
            while i < ALL.len() {
                assert!(ALL[i].low >= next && ALL[i].low / 64 == ALL[i].high() / 64, "fields overlap or cross halves");
                next = ALL[i].high() + 1;
                i += 1;
            }
            assert!(next <= 128, "a beat has 128 bits");
        };
    };
}

pub(crate) use beat_fields;

/// One field of a shared struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Name, the same in every language.
    pub name: &'static str,
    /// Bits of one element.
    pub bits: u32,
    /// Number of elements; 1 for a plain field.
    pub count: usize,
    /// Byte offset in the struct.
    pub offset: usize,
    /// What it reports, one line of the documentation each.
    pub about: &'static [&'static str],
}

/// One shared struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructLayout {
    /// Name as in Rust.
    pub name: &'static str,
    /// Bytes of the whole.
    pub bytes: usize,
    /// Its fields by rising offset, without gaps.
    pub fields: &'static [FieldLayout],
}

/// A type that a shared field may have.
pub trait FieldType: Sized {
    /// Bits of one element.
    const BITS: u32;
    /// Number of elements.
    const COUNT: usize = 1;

    /// Puts the value at a byte offset of little-endian words in which the bytes are zero.
    fn put(&self, words: &mut [u64], offset: usize);

    /// Takes the value at a byte offset of little-endian words.
    fn take(words: &[u64], offset: usize) -> Self;
}

macro_rules! field_type {
    ($($ty:ty)*) => {
        $(impl FieldType for $ty {
            const BITS: u32 = <$ty>::BITS;

            #[inline(always)]
            fn put(&self, words: &mut [u64], offset: usize) {
                words[offset / 8] |= u64::from(*self) << (8 * (offset % 8));
            }

            #[inline(always)]
            fn take(words: &[u64], offset: usize) -> $ty {
                (words[offset / 8] >> (8 * (offset % 8))) as $ty
            }
        })*
    };
}

field_type!(u16 u32 u64);

impl<T: FieldType, const N: usize> FieldType for [T; N] {
    const BITS: u32 = T::BITS;
    const COUNT: usize = N;

    fn put(&self, words: &mut [u64], offset: usize) {
        self.iter().enumerate().for_each(|(n, one)| one.put(words, offset + n * size_of::<T>()));
    }

    fn take(words: &[u64], offset: usize) -> [T; N] {
        core::array::from_fn(|n| T::take(words, offset + n * size_of::<T>()))
    }
}

/// Declares a `repr(C)` struct together with its [`StructLayout`] as `LAYOUT`, and refuses padding.
macro_rules! layout {
    ($(#[doc = $about:literal])+ pub struct $name:ident { $($(#[doc = $doc:literal])+ pub $field:ident: $ty:ty,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(C)]
        pub struct $name { $($(#[doc = $doc])+ pub $field: $ty,)+ }

        impl $name {
            /// Names, offsets and sizes of the fields.
            pub const LAYOUT: $crate::layout::StructLayout = $crate::layout::StructLayout {
                name: stringify!($name),
                bytes: size_of::<$name>(),
                fields: &[$($crate::layout::FieldLayout {
                    name: stringify!($field),
                    bits: <$ty as $crate::layout::FieldType>::BITS,
                    count: <$ty as $crate::layout::FieldType>::COUNT,
                    offset: core::mem::offset_of!($name, $field),
                    about: &[$($doc),+],
                },)+],
            };

            /// Words of 64 bits in the struct.
            pub const WORDS: usize = size_of::<$name>() / 8;

            /// Returns the struct as little-endian words, as it is in memory.
            pub fn to_words(&self) -> [u64; $name::WORDS] {
                let mut words = [0; $name::WORDS];
                $($crate::layout::FieldType::put(&self.$field, &mut words, core::mem::offset_of!($name, $field));)+
                words
            }

            /// Returns the struct that is in these little-endian words.
            #[inline]
            pub fn from_words(words: &[u64; $name::WORDS]) -> $name {
                $name {
                    $($field: $crate::layout::FieldType::take(words, core::mem::offset_of!($name, $field)),)+
                }
            }
        }

        const _: () = {
            let layout = $name::LAYOUT;
            let (mut i, mut end) = (0, 0);
            while i < layout.fields.len() {
                assert!(layout.fields[i].offset == end, "the struct has padding");
                end += layout.fields[i].count * (layout.fields[i].bits / 8) as usize;
                i += 1;
            }
            assert!(layout.bytes == end, "the struct has padding at its end");
            assert!(layout.bytes % 8 == 0, "the struct is no whole number of words");
        };
    };
}

pub(crate) use layout;
