use std::io::Write;

use expect_test::{Expect, expect};
use tar::{Builder, EntryType, Header};

use super::super::super::tree::Node;
use super::{Entries, unpack};

/// An archive of `entries`: `name` is a file, `name/` a directory, `name -> x` a link and
/// `name => x` a hard link, `name | ` a pipe, `name *` an executable file.
fn archive(entries: &[&str]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let (name, kind, target) = if let Some((name, target)) = entry.split_once(" -> ") {
            (name, EntryType::Symlink, target)
        } else if let Some((name, target)) = entry.split_once(" => ") {
            (name, EntryType::Link, target)
        } else if let Some(name) = entry.strip_suffix(" |") {
            (name, EntryType::Fifo, "")
        } else if entry.ends_with('/') {
            (*entry, EntryType::Directory, "")
        } else {
            (*entry, EntryType::Regular, "")
        };
        let plain = name.trim_end_matches(" *");
        let mut header = Header::new_gnu();
        // `set_path` would refuse what has to be tested.
        let field = &mut header.as_old_mut().name;
        field[..plain.len()].copy_from_slice(plain.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(if name.ends_with(" *") { 0o755 } else { 0o644 });
        header.set_mtime(7);
        let contents = if kind == EntryType::Regular { plain.as_bytes() } else { b"" };
        header.set_size(contents.len() as u64);
        header.set_cksum();
        builder.append(&header, contents).expect("appended");
    }
    builder.into_inner().expect("finished")
}

fn show(entries: &Entries, prefix: &str, out: &mut Vec<String>) {
    for (name, node) in entries {
        let name = format!("{prefix}{}", String::from_utf8_lossy(name.as_bytes()));
        match node {
            Node::Directory(below) if below.is_empty() => out.push(format!("{name}/")),
            Node::Directory(below) => show(below, &format!("{name}/"), out),
            Node::Symlink(target) => out.push(format!("{name}->{}", target.display())),
            Node::Contents { bytes, executable } => {
                let mark = if *executable { "*" } else { "" };
                out.push(format!("{name}{mark}={}", String::from_utf8_lossy(bytes)));
            }
            Node::File { .. } => unreachable!("nothing is left on the disk"),
        }
    }
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: Expect) {
    let text = match unpack(bytes, "x") {
        Ok(unpacked) => {
            let mut out = vec![unpacked.last_modified.to_string()];
            show(&unpacked.entries, "", &mut out);
            out.join(" ")
        }
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&text);
}

#[track_caller]
fn check(entries: &[&str], expected: Expect) {
    check_bytes(&archive(entries), expected);
}

#[test]
fn a_single_directory_at_the_top_is_left_out() {
    check(
        &["t/", "t/a", "t/run *", "t/d/", "t/l -> ../../etc"],
        expect!["7 a=t/a d/ l->../../etc run*=t/run"],
    );
    check(&["./t/a", "./t/d/b"], expect!["7 a=./t/a d/b=./t/d/b"]);
    check(&["t/a", "u"], expect!["7 t/a=t/a u=u"]);
    check(&["a"], expect!["7 a=a"]);
    check(&["./"], expect!["7"]);
    check(&[], expect!["0"]);
}

#[test]
fn entries_in_any_order() {
    check(&["t/d/a", "t/d/", "t/d/b"], expect!["7 d/a=t/d/a d/b=t/d/b"]);
    check(&["t/a", "t/a *"], expect!["7 a*=t/a"]);
    check(&["t/d/a", "t/d"], expect!["7 d=t/d"]);
    check(&["t/a", "t/b => t/a", "t/d/c => ./t/b"], expect!["7 a=t/a b=t/a d/c=t/a"]);
}

#[test]
fn what_leads_out_is_refused() {
    check(&["t/l -> /etc", "t/l/x"], expect!["error: parent of 't/l/x' is not a directory"]);
    check(&["t/a", "t/a/b"], expect!["error: parent of 't/a/b' is not a directory"]);
    check(
        &["/etc/x"],
        expect!["error: cannot unpack the archive 'x': its entry '/etc/x' has an absolute name"],
    );
    check(
        &["t/../../x"],
        expect![
            "error: cannot unpack the archive 'x': its entry 't/../../x' leads out of the archive with `..`"
        ],
    );
    check(
        &["t/h => ../../etc/passwd"],
        expect![
            "error: cannot unpack the archive 'x': its entry 't/h' is a hard link to '../../etc/passwd', which is no file before it"
        ],
    );
    check(
        &["t/h => t/later", "t/later"],
        expect![
            "error: cannot unpack the archive 'x': its entry 't/h' is a hard link to 't/later', which is no file before it"
        ],
    );
    check(
        &["t/d/x", "t/h => t/d"],
        expect![
            "error: cannot unpack the archive 'x': its entry 't/h' is a hard link to 't/d', which is no file before it"
        ],
    );
    check(
        &["t/p |"],
        expect!["error: cannot unpack the archive 'x': its entry 't/p' has an unsupported type"],
    );
}

#[test]
fn compression_is_found_out() {
    let plain = archive(&["t/a"]);
    let (one, two) = plain.split_at(700);
    let mut gzip = Vec::new();
    for part in [one, two] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part).expect("written");
        gzip.extend(encoder.finish().expect("finished"));
    }
    check_bytes(&gzip, expect!["7 a=t/a"]);
    check_bytes(
        gzip.get(..gzip.len() / 2).expect("a part"),
        expect!["error: cannot unpack the archive 'x': incomplete deflate stream"],
    );

    let mut bzip2 = Vec::new();
    for part in [one, two] {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(part).expect("written");
        bzip2.extend(encoder.finish().expect("finished"));
    }
    check_bytes(&bzip2, expect!["7 a=t/a"]);

    // Two frames, with one between them that is to be skipped.
    let compress = |part: &[u8]| zstd::encode_all(part, 1).expect("compressed");
    let mut zstd = compress(one);
    zstd.extend(b"\x50\x2a\x4d\x18\x03\0\0\0abc");
    zstd.extend(compress(two));
    check_bytes(&zstd, expect!["7 a=t/a"]);
    check_bytes(
        zstd.get(..20).expect("a part"),
        expect!["error: cannot unpack the archive 'x': incomplete frame"],
    );
}

#[test]
fn xz() {
    // `printf '' | xz`: no encoder is at hand.
    let empty = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\0\0\0\0\x1c\xdfD!\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";
    check_bytes(empty, expect!["0"]);
    check_bytes(
        b"\xfd7zXZ\0nonsense",
        expect!["error: cannot unpack the archive 'x': lzma data error"],
    );
}

#[test]
fn what_is_no_archive() {
    check_bytes(b"PK\x03\x04", expect!["error: cannot unpack the zip archive 'x'"]);
    check_bytes(
        b"hello",
        expect!["error: cannot unpack the archive 'x': failed to read entire block"],
    );
    check_bytes(
        &[b'x'; 2048],
        expect![
            "error: cannot unpack the archive 'x': numeric field was not a number: xxxxxxxx when getting cksum for xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        ],
    );
}
