use std::cmp::Ordering;
use std::fmt::Write as _;
use std::process::Command;

use super::{DebVersion, VersionError, fuzz};
use frazil_testkit::random::Random;

#[track_caller]
fn check(left: &str, expected: Ordering, right: &str) {
    let (left, right) = (DebVersion::new(left).unwrap(), DebVersion::new(right).unwrap());
    assert_eq!(left.cmp(&right), expected);
    assert_eq!(right.cmp(&left), expected.reverse());
}

#[test]
fn order() {
    use Ordering::{Equal, Less};
    check("1.0", Equal, "1.00");
    check("0:1.0-0", Equal, "1.0");
    check("1.0~rc1", Less, "1.0");
    check("1.0~~", Less, "1.0~");
    check("1.0", Less, "1.0a");
    check("1.0a", Less, "1.0+");
    check("9", Less, "10");
    check("1:0.1", Equal, "1:0.1");
    check("99", Less, "1:0");
    check("1.0-1", Less, "1.0-1+b1");
    check("1.0-1", Less, "1.0-1.1");
    check("1-1-1", Less, "1-1-2");
    check("1.2.3", Less, "1.2.03+x");
    check("100000000000000000000000000001", Less, "100000000000000000000000000002");
}

#[test]
fn parts() {
    let version = DebVersion::new("2:1.2-3-4+b1").unwrap();
    assert_eq!(
        (version.epoch(), version.upstream(), version.revision()),
        (2, "1.2-3", Some("4+b1"))
    );
    let version = DebVersion::new("1.2").unwrap();
    assert_eq!((version.epoch(), version.upstream(), version.revision()), (0, "1.2", None));
}

#[test]
fn refused() {
    let message = |text| DebVersion::new(text).unwrap_err().to_string();
    assert_eq!(message(""), "the upstream part of the version `` is empty");
    assert_eq!(message("1:"), "the upstream part of the version `1:` is empty");
    assert_eq!(message(":1"), "the epoch of the version `:1` is empty");
    assert_eq!(message("1-"), "the revision of the version `1-` is empty");
    assert_eq!(message("1 2"), "` ` is not allowed in the version `1 2`");
    assert_eq!(message("1_2"), "`_` is not allowed in the version `1_2`");
    assert_eq!(message("1:2-3:4"), "`:` is not allowed in the version `1:2-3:4`");
    for epoch in ["x:1", "2147483648:1", "-1:1"] {
        let error = VersionError::Epoch { text: epoch.into() };
        assert_eq!(DebVersion::new(epoch).unwrap_err(), error);
    }
}

fn random_version(random: &mut Random) -> String {
    let part = |random: &mut Random, alphabet: &[u8]| {
        let bytes = random.bytes_of(alphabet, 6);
        String::from_utf8(bytes).unwrap()
    };
    let mut text = String::new();
    if random.below(4) == 0 {
        write!(text, "{}:", random.below(3)).unwrap();
    }
    write!(text, "{}{}", random.below(3), part(random, b"0019a~+.-Z")).unwrap();
    if random.below(2) == 0 {
        write!(text, "-{}{}", random.below(2), part(random, b"019b~+.A")).unwrap();
    }
    text
}

/// Asks dpkg for pairs of versions that are almost the same.
#[test]
fn same_as_dpkg() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        return println!("skipped: there is no dpkg");
    }
    let mut random = Random::seeded();
    let mut script = String::new();
    let mut ours = String::new();
    for _ in 0..3000 {
        let left = random_version(&mut random);
        let right = if random.below(3) == 0 {
            left.replace('1', "01")
        } else {
            random_version(&mut random)
        };
        let (Ok(first), Ok(second)) = (DebVersion::new(&left), DebVersion::new(&right)) else {
            continue;
        };
        let operator = ["lt", "eq", "gt"][random.below(3) as usize];
        let holds = match operator {
            "lt" => first < second,
            "eq" => first == second,
            _ => first > second,
        };
        writeln!(
            script,
            "dpkg --compare-versions '{left}' {operator} '{right}'; echo \"{left} {operator} {right} $?\""
        )
        .unwrap();
        writeln!(ours, "{left} {operator} {right} {}", i32::from(!holds)).unwrap();
    }
    assert!(ours.lines().count() > 2500);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file.as_file(), script.as_bytes()).unwrap();
    let output = Command::new("sh").arg(file.path()).output().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours, theirs);
}

#[test]
fn an_order_for_any_text() {
    let mut random = Random::seeded();
    for _ in 0..20_000 {
        fuzz(&random.bytes_of(b"01a~+.-:\n", 24));
        let versions: Vec<String> = (0..3).map(|_| random_version(&mut random)).collect();
        fuzz(versions.join("\n").as_bytes());
    }
}
