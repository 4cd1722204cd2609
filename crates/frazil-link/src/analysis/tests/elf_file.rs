//! An ELF file made by hand, with one of everything that the analysis reads.

use expect_test::expect;

use super::*;

/// Appends parts and remembers where each begins.
#[derive(Default)]
struct Image(Vec<u8>);

impl Image {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        at
    }
}

fn words(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A section or program header from its 4-byte and 8-byte numbers, in the order of the fields.
fn header(small: [u32; 2], large: &[u64]) -> Vec<u8> {
    let small: Vec<u8> = small.iter().flat_map(|number| number.to_le_bytes()).collect();
    [small, words(large)].concat()
}

fn section(name: usize, kind: u32, (at, size): (u64, u64), link: u32, entry: u64) -> Vec<u8> {
    let links = u64::from(link);
    header([name as u32, kind], &[0, 0, at, size, links, 1, entry])
}

/// A 64-bit library; addresses are places in the file.
fn library(rodata: &[u8]) -> Vec<u8> {
    let mut image = Image(vec![0; 64]);
    let strings =
        b"\0libx.so.1\0libown.so.2\0$ORIGIN/a:/opt/b\0/opt/c\0setlocale\0malloc\0defined\0";
    let at = |text: &[u8]| memchr::memmem::find(strings, text).unwrap() as u64;
    let dynstr = image.put(strings);
    let dynamic = [
        [1, at(b"libx.so.1")],
        [14, at(b"libown.so.2")],
        [15, at(b"/opt/c")],
        [29, at(b"$ORIGIN")],
        [5, dynstr],
        [10, strings.len() as u64],
        [0, 0],
        [1, at(b"malloc")],
    ];
    let dynamic = words(dynamic.as_flattened());
    let dynamic_at = image.put(&dynamic);
    let json = b"[{\"soname\":[\"libnote.so.5\"],\"priority\":\"suggested\"},7]\0\0\0";
    let head: Vec<u8> =
        [4, json.len() as u32, 0x407c_0c0a].iter().flat_map(|it: &u32| it.to_le_bytes()).collect();
    let note = [&head[..], b"FDO\0", json].concat();
    let note_at = image.put(&note);
    let symbol = |name: u64, section: u16| {
        let head = [&(name as u32).to_le_bytes()[..], &[0x12, 0], &section.to_le_bytes()].concat();
        [head, words(&[0, 0])].concat()
    };
    let symbols = [
        symbol(0, 0),
        symbol(at(b"setlocale"), 0),
        symbol(at(b"malloc"), 0),
        symbol(at(b"defined"), 1),
    ]
    .concat();
    let symbols_at = image.put(&symbols);
    let rodata_at = image.put(rodata);
    let debug = b"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-source/x.c";
    let debug_at = image.put(debug);
    let names = b"\0.rodata\0.dynsym\0.dynstr\0.shstrtab\0.debug_str\0";
    let names_at = image.put(names);
    let name = |text: &[u8]| memchr::memmem::find(names, text).unwrap();
    let sections = [
        section(0, 0, (0, 0), 0, 0),
        section(name(b".rodata"), 1, (rodata_at, rodata.len() as u64), 0, 0),
        section(name(b".dynsym"), 11, (symbols_at, symbols.len() as u64), 3, 24),
        section(name(b".dynstr"), 3, (dynstr, strings.len() as u64), 0, 0),
        section(name(b".shstrtab"), 3, (names_at, names.len() as u64), 0, 0),
        section(name(b".debug_str"), 1, (debug_at, debug.len() as u64), 0, 0),
    ];
    // `sh_link` and `sh_info` share a word; the fields behind them are alignment and entry size.
    let sections_at = image.put(&sections.concat());
    let all = image.0.len() as u64 + 512;
    let segment = |kind, at: u64, size: u64| header([kind, 4], &[at, at, at, size, size, 4]);
    let segments = [
        segment(1, 0, all),
        segment(2, dynamic_at, dynamic.len() as u64),
        segment(4, note_at, note.len() as u64),
    ];
    let segments_at = image.put(&segments.concat());
    image.0.resize(all as usize, 0);
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(16, 0);
    head.extend([3_u16, 62].iter().flat_map(|it| it.to_le_bytes()));
    head.extend(1_u32.to_le_bytes());
    head.extend(words(&[0, segments_at, sections_at]));
    head.extend(0_u32.to_le_bytes());
    head.extend([64_u16, 56, 3, 64, 6, 4].iter().flat_map(|it| it.to_le_bytes()));
    image.0[..64].copy_from_slice(&head);
    image.0
}

#[test]
fn everything_that_a_library_says() {
    let rodata = b"/etc/own.conf\0see /usr/share/x and /proc/y\0lib%s.so\0/usr/bin:/bin\0";
    let file = analyse_file(b"usr/lib/libown.so.2", &library(rodata));
    let Facts::Elf(elf) = file.facts else { panic!("not an ELF") };
    let shown = format!(
        "{} needed {:?} runpath {:?}\nnotes {:?} symbols {:?} names {:?}\npaths {:?} embedded {:?}\n",
        elf.soname.escape_ascii(),
        elf.needed,
        elf.runpath,
        elf.notes,
        elf.symbols,
        elf.sonames,
        elf.paths,
        elf.embedded,
    );
    expect![[r#"
        libown.so.2 needed ["libx.so.1"] runpath ["/opt/c", "$ORIGIN/a", "/opt/b"]
        notes ["libnote.so.5"] symbols ["setlocale"] names ["lib%s.so"]
        paths ["/etc/own.conf", "/usr/bin:/bin"] embedded ["/usr/share/x"]
    "#]]
    .assert_eq(&shown);
    assert!(elf.machine == 62 && elf.is_64 && !elf.is_program);
}

#[test]
fn debug_information_needs_nothing() {
    let path = |name: &str| format!("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-{name}/x.c");
    let shown = |rodata: &str| {
        let file = analyse_file(b"x", &library(rodata.as_bytes()));
        format!("{:?} {:?}", file.references, file.debug_references)
    };
    let [other, source] = ["other", "source"].map(path);
    expect![[r#"["0123456789abcdfghijklmnpqrsvwxyz-other/x.c"] ["0123456789abcdfghijklmnpqrsvwxyz-source/x.c"]"#]]
        .assert_eq(&shown(&other));
    expect![[r#"["0123456789abcdfghijklmnpqrsvwxyz-source/x.c"] []"#]].assert_eq(&shown(&source));
}

#[test]
fn strings_without_ends_are_blobs() {
    let file = analyse_file(b"x", &library(b"/rustc/0/etc/hosts/usr/share/zoneinfo"));
    let Facts::Elf(elf) = file.facts else { panic!("not an ELF") };
    assert!(elf.paths.is_empty() && elf.embedded.is_empty());
    expect![[r#"
        [
            "/etc/hosts/usr/share/zoneinfo",
            "/usr/share/zoneinfo",
        ]
    "#]]
    .assert_debug_eq(&elf.blobs);
}
