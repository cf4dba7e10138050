//! BTF, the kernel's description of its own types: where the members of its structures are (Documentation/bpf/btf.rst).
//! Not here: which members matter.

/// The kernel's types, as /sys/kernel/btf/vmlinux has them.
pub(crate) struct Btf<'a> {
    types: Vec<Type<'a>>,
    strings: &'a [u8],
}

/// A type: its name, its kind, its size (or the type that it refers to), and its members.
struct Type<'a> {
    name: u32,
    kind: u32,
    size: u32,
    members: &'a [u8],
    bitfields: bool,
}

/// `BTF_KIND_*` that matter here (include/uapi/linux/btf.h).
const STRUCT: u32 = 4;
const UNION: u32 = 5;
/// The size of struct `btf_member`.
const MEMBER: usize = 12;

impl<'a> Btf<'a> {
    /// Reads them, unless they are damaged or of another version.
    pub(crate) fn parse(raw: &'a [u8]) -> Option<Self> {
        if raw.get(..4)? != [0x9f, 0xeb, 1, 0] {
            return None;
        }
        let header = |field: usize| word(raw, 4 + field * 4).map(|word| word as usize);
        let (length, types_at, types_length, strings_at, strings_length) = (header(0)?, header(1)?, header(2)?, header(3)?, header(4)?);
        let mut rest = raw.get(length + types_at..)?.get(..types_length)?;
        let strings = raw.get(length + strings_at..)?.get(..strings_length)?;
        let mut types = Vec::new();
        while !rest.is_empty() {
            let (name, info, size) = (word(rest, 0)?, word(rest, 4)?, word(rest, 8)?);
            let (kind, count) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
            let behind = match kind {
                1 | 14 | 17 => 4,
                3 => 12,
                STRUCT | UNION | 15 | 19 => count * 12,
                6 | 13 => count * 8,
                2 | 7..=12 | 16 | 18 => 0,
                _ => return None,
            };
            types.push(Type { name, kind, size, members: rest.get(12..12 + behind)?, bitfields: info >> 31 == 1 });
            rest = &rest[12 + behind..];
        }
        Some(Self { types, strings })
    }

    /// The size of a structure in bytes.
    pub(crate) fn size(&self, structure: &str) -> Option<usize> {
        self.structure(structure).map(|found| found.size as usize)
    }

    /// The offset of a member in a structure in bytes, even inside unnamed unions and structures.
    pub(crate) fn offset(&self, structure: &str, member: &str) -> Option<usize> {
        self.within(self.structure(structure)?, member).map(|bits| bits / 8)
    }

    fn structure(&self, name: &str) -> Option<&Type<'a>> {
        self.types.iter().find(|found| found.kind == STRUCT && found.size > 0 && self.is_called(found.name, name))
    }

    fn within(&self, structure: &Type, wanted: &str) -> Option<usize> {
        structure.members.chunks_exact(MEMBER).find_map(|member| {
            let (name, kind, offset) = (word(member, 0)?, word(member, 4)?, word(member, 8)?);
            let bits = if structure.bitfields { offset & 0x00ff_ffff } else { offset } as usize;
            if self.is_called(name, wanted) {
                return Some(bits);
            }
            // The type with the number 1 is the first.
            let inner = self.types.get((kind as usize).checked_sub(1)?)?;
            let nameless = name == 0 && matches!(inner.kind, STRUCT | UNION);
            if nameless { Some(bits + self.within(inner, wanted)?) } else { None }
        })
    }

    fn is_called(&self, at: u32, name: &str) -> bool {
        let text = self.strings.get(at as usize..).and_then(|rest| rest.strip_prefix(name.as_bytes()));
        text.is_some_and(|rest| rest.first() == Some(&0))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `struct outer { u32 first; union { u64 inner; }; }`
    fn made() -> Vec<u8> {
        let strings = b"\0outer\0first\0inner\0";
        let types: [u32; 19] = [
            7,
            1 << 24,
            4,
            32, // an integer, whose name does not matter
            1,
            (STRUCT << 24) | 2,
            16,
            7,
            1,
            0,
            0,
            3,
            64, // outer
            0,
            (UNION << 24) | 1,
            8,
            13,
            1,
            0, // the nameless union
        ];
        let types: Vec<u8> = types.iter().flat_map(|word| word.to_le_bytes()).collect();
        let header = [24, 0, types.len() as u32, types.len() as u32, strings.len() as u32];
        let header: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        [&[0x9f, 0xeb, 1, 0][..], &header, &types, strings].concat()
    }

    #[test]
    fn members_are_found_in_what_has_no_name() {
        let raw = made();
        let btf = Btf::parse(&raw).expect("BTF");
        assert_eq!(btf.size("outer"), Some(16));
        assert_eq!(btf.offset("outer", "first"), Some(0));
        assert_eq!(btf.offset("outer", "inner"), Some(8));
        assert_eq!((btf.offset("outer", "inn"), btf.offset("inner", "first")), (None, None));
    }

    #[test]
    fn what_is_damaged_is_nothing() {
        let raw = made();
        for length in 0..raw.len() {
            assert!(Btf::parse(&raw[..length]).is_none(), "the first {length} bytes");
        }
    }
}
