//! Programs and libraries made up for a test: what a loader and a linker read of them, and no code.

const HEADER_BYTES: usize = 64;

/// A 64-bit program or library for `x86_64`.
#[derive(Clone, Debug, Default)]
pub struct Elf {
    /// The loader; without one it is a library.
    pub interpreter: &'static str,
    /// Its own name.
    pub soname: &'static str,
    /// Libraries that it cannot be loaded without.
    pub needed: &'static [&'static str],
    /// Symbols that it imports.
    pub symbols: &'static [&'static str],
    /// Strings in its data.
    pub strings: &'static [&'static str],
}

/// Strings with an end each, the first one empty.
#[derive(Default)]
struct Table(Vec<u8>);

impl Table {
    fn put(&mut self, text: &str) -> u64 {
        if self.0.is_empty() {
            self.0.push(0);
        }
        let at = self.0.len() as u64;
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        at
    }
}

/// Parts of the file so far.
struct Image(Vec<u8>);

impl Image {
    /// Where a part is, and its size.
    fn put(&mut self, bytes: &[u8]) -> (u64, u64) {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        (at, bytes.len() as u64)
    }
}

impl Elf {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut image = Image(vec![0; HEADER_BYTES]);
        let mut strings = Table::default();
        let needed: Vec<_> = self.needed.iter().map(|name| [1, strings.put(name)]).collect();
        let soname = (!self.soname.is_empty()).then(|| [14, strings.put(self.soname)]);
        let mut symbols = vec![0; 24];
        for name in self.symbols {
            symbols.extend((strings.put(name) as u32).to_le_bytes());
            symbols.extend([0x12, 0, 0, 0]);
            symbols.extend([0; 16]);
        }
        strings.put("");
        let dynstr = image.put(&strings.0);
        let dynamic = needed.into_iter().chain(soname);
        let dynamic = dynamic.chain([[5, dynstr.0], [10, dynstr.1], [0, 0]]);
        let dynamic = image.put(&words(&dynamic.flatten().collect::<Vec<_>>()));
        let symbols = image.put(&symbols);
        let rodata: Vec<u8> = self
            .strings
            .iter()
            .flat_map(|text| [text.as_bytes(), &[0]])
            .flatten()
            .copied()
            .collect();
        let rodata = image.put(&rodata);
        let mut names = Table::default();
        let mut section = |name: &str, kind: u32, place: (u64, u64), link: u64, entry: u64| {
            let name = names.put(name) as u32;
            [halves(name, kind), words(&[0, 0, place.0, place.1, link, 1, entry])].concat()
        };
        let mut sections = vec![0; 64];
        sections.extend(section(".dynsym", 11, symbols, 2, 24));
        sections.extend(section(".dynstr", 3, dynstr, 0, 0));
        sections.extend(section(".rodata", 1, rodata, 0, 0));
        // Its own name has to be in the table before the table has a place.
        let place = (image.0.len().next_multiple_of(8) as u64, names.0.len() as u64 + 11);
        sections.extend(
            [halves(names.put(".shstrtab") as u32, 3), words(&[0, 0, place.0, place.1, 0, 1, 0])]
                .concat(),
        );
        image.put(&names.0);
        let (sections_at, _) = image.put(&sections);
        let interpreter = (!self.interpreter.is_empty())
            .then(|| image.put(&[self.interpreter.as_bytes(), &[0]].concat()));
        let all = image.0.len() as u64 + 256;
        let segments = [(1, Some((0, all))), (2, Some(dynamic)), (3, interpreter)];
        let segments: Vec<Vec<u8>> = segments
            .iter()
            .filter_map(|(kind, place)| {
                let (at, size) = (*place)?;
                Some([halves(*kind, 4), words(&[at, at, at, size, size, 8])].concat())
            })
            .collect();
        let (segments_at, _) = image.put(&segments.concat());
        image.0.resize(all as usize, 0);
        let counts = [HEADER_BYTES as u16, 56, segments.len() as u16, 64, 5, 4];
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(16, 0);
        head.extend([3_u16, 62].iter().flat_map(|it| it.to_le_bytes()));
        head.extend(1_u32.to_le_bytes());
        head.extend(words(&[0, segments_at, sections_at]));
        head.extend(0_u32.to_le_bytes());
        head.extend(counts.iter().flat_map(|it| it.to_le_bytes()));
        for (slot, byte) in image.0.iter_mut().zip(head) {
            *slot = byte;
        }
        image.0
    }
}

fn words(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn halves(first: u32, second: u32) -> Vec<u8> {
    [first, second].iter().flat_map(|number| number.to_le_bytes()).collect()
}
