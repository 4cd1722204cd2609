use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match text.parse::<CacheInfo>() {
        Ok(info) => {
            assert_eq!(info.to_string().parse(), Ok(info.clone()));
            info.to_string().replace('\n', "; ")
        }
        Err(err) => err.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn reads_and_prints() {
    let whole = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n";
    check(whole, expect!["StoreDir: /nix/store; WantMassQuery: 1; Priority: 40; "]);
    check("StoreDir: /s", expect!["StoreDir: /s; WantMassQuery: 0; "]);
    check("", expect!["StoreDir: /nix/store; WantMassQuery: 0; "]);
    check("\nPriority: 3\n\n", expect!["StoreDir: /nix/store; WantMassQuery: 0; Priority: 3; "]);
    check("StoreDir:/s\nNew: x", expect!["StoreDir: /s; WantMassQuery: 0; "]);
    check(
        "StoreDir: s\n",
        expect!["nix-cache-info is corrupt: store directory 's' is not a canonical absolute path"],
    );
    check("Priority: high\n", expect!["nix-cache-info is corrupt: invalid Priority 'high'"]);
    check("StoreDir: /s\nx\n", expect!["nix-cache-info is corrupt: expecting ':' at line 2"]);
}

#[test]
fn any_bytes() {
    let whole = b"StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n";
    for index in 0..whole.len() {
        fuzz(&whole[..index]);
        for byte in [0, b' ', b'/', b':', b'\n', b'\r', 0xff] {
            let mut changed = whole.to_vec();
            changed[index] = byte;
            fuzz(&changed);
        }
    }
}
