//! CRC-32C (Castagnoli), the checksum of a plan: it finds damage, not malice.

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0x82f6_3b78 } else { value >> 1 };
            bit += 1;
        }
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant: an index too high fails to compile"
        )]
        {
            table[index] = value;
        }
        index += 1;
    }
    table
}

pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |value, byte| {
        let index = (value as u8 ^ *byte) as usize;
        TABLE.get(index).copied().unwrap_or_default() ^ value >> 8
    })
}
