use expect_test::expect;

use super::accounts::{Group, User, accounts};
use super::*;

#[test]
fn bundles_hold_only_authorities() {
    let files: [(&[u8], &[u8]); 5] = [
        (b"usr/share/ca-certificates/b.crt", b"B\n"),
        (b"usr/share/ca-certificates/a/a.crt", b"A"),
        (b"usr/share/ca-certificates/a/Old_=Gold=_CA.crt", b"old"),
        (b"usr/share/ca-certificates/a/readme", b"no"),
        (b"usr/share/doc/dummy.crt", b"no"),
    ];
    let mut authorities = Authorities::default();
    for (path, bytes) in files {
        authorities.add_file(path, bytes.to_vec());
    }
    assert!(authorities.remove("Old (Gold) CA") && !authorities.remove("CA"));
    assert_eq!(authorities.bundle(), b"A\nB\n");
    let own = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----";
    assert!(authorities.add_own(own.into()));
    for broken in ["", "-----BEGIN CERTIFICATE-----\nx", "-----BEGIN PRIVATE KEY-----"] {
        assert!(!authorities.add_own(broken.into()), "{broken}");
    }
    assert_eq!(authorities.bundle(), format!("A\nB\n{own}\n").as_bytes());
}

#[test]
fn status_keeps_what_scanners_read() {
    let control = b"Package: x\nSource: xx (1)\nVersion: 1-2\nDepends: libc6,\n more\nDescription: y\n package: no\n";
    expect![[r#"
        Package: x
        Status: install ok installed
        Source: xx (1)
        Version: 1-2
    "#]]
    .assert_eq(&String::from_utf8_lossy(&package_status(control)));
}

fn user(name: &str, uid: u32) -> User {
    User {
        name: name.into(),
        uid,
        gid: uid,
        comment: String::new(),
        home: "/".into(),
        shell: "/bin/false".into(),
        password_hash: None,
    }
}

#[test]
fn accounts_are_lines() {
    let root = User { password_hash: Some("$y$x".into()), ..user("root", 0) };
    let group = Group { name: "adm".into(), gid: 4, members: vec!["a".into(), "b".into()] };
    let files = accounts(&[user("www", 33), root], &[group]).unwrap();
    expect![[r#"
        root:x:0:0::/:/bin/false
        www:x:33:33::/:/bin/false
    "#]]
    .assert_eq(&files.passwd);
    expect![[r#"
        adm:x:4:a,b
    "#]]
    .assert_eq(&files.group);
    expect![[r#"
        root:$y$x:::::::
        www:*:::::::
    "#]]
    .assert_eq(&files.shadow);
    let bad = User { home: "/a:b".into(), ..user("x", 1) };
    let error = accounts(&[bad], &[]).unwrap_err();
    assert_eq!(error.to_string(), "home `/a:b` of `x` holds a `:`, a line break or a zero byte");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the peer reads a file")]
fn ldconfig_reads_the_cache_of_the_loader() {
    use super::loader_cache::{Library, loader_cache};

    let Some(ldconfig) = ["/sbin/ldconfig", "/usr/sbin/ldconfig"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
    else {
        println!("skipped: no ldconfig");
        return;
    };
    let library = |soname: &str| Library {
        soname: soname.into(),
        path: format!("/usr/lib/x86_64-linux-gnu/{soname}").into(),
        machine: (62, true),
    };
    let names = ["libz.so.1", "libc.so.6", "libx10.so", "libx9.so", "ld-linux-x86-64.so.2"];
    let file = std::env::temp_dir().join(format!("frazil-link-cache-{}", std::process::id()));
    std::fs::write(&file, loader_cache(&names.map(library))).unwrap();
    let output = std::process::Command::new(ldconfig).arg("-p").arg("-C").arg(&file).output();
    std::fs::remove_file(&file).unwrap();
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    let lines: Vec<&str> = output.lines().skip(1).map(str::trim).collect();
    assert_eq!(lines.len(), names.len(), "{output}");
    // The order in which glibc's search halves them.
    let order = ["libz.so.1", "libx10.so", "libx9.so", "libc.so.6", "ld-linux-x86-64.so.2"];
    for (line, name) in lines.iter().zip(order) {
        let expected = format!("{name} (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/{name}");
        assert_eq!(*line, expected);
    }
}
