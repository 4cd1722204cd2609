use expect_test::{Expect, expect};

use super::*;

/// Derivations of every kind, written by Nix.
const CORPUS: [(&str, &[u8]); 5] = [
    ("a", include_bytes!("../../../corpus/derivation/input-addressed.drv")),
    ("f", include_bytes!("../../../corpus/derivation/fixed.drv")),
    ("c", include_bytes!("../../../corpus/derivation/floating.drv")),
    ("i", include_bytes!("../../../corpus/derivation/impure.drv")),
    ("w2", include_bytes!("../../../corpus/derivation/dynamic.drv")),
];

#[test]
fn prints_what_nix_printed() {
    let dir = StoreDir::default();
    for (name, text) in CORPUS {
        let derivation = Derivation::parse(&dir, &name.parse().unwrap(), text).unwrap();
        let mut printed = Vec::new();
        derivation.print(&dir, &mut printed);
        assert_eq!(printed, text);
    }
}

#[test]
fn corpus_of_the_fuzzer() {
    for (_, text) in CORPUS {
        for end in 0..=text.len() {
            fuzz(&text[..end]);
        }
        for at in 0..text.len() {
            for byte in *b"\"\\\n,()[]Dx0/\xff" {
                let mut changed = text.to_vec();
                changed[at] = byte;
                fuzz(&changed);
                changed.insert(at, byte);
                fuzz(&changed);
            }
        }
    }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    let name = "a".parse().unwrap();
    let shown = match Derivation::parse(&StoreDir::default(), &name, text.as_bytes()) {
        Ok(derivation) => format!("{:?}", derivation.kind()),
        Err(err) => err.to_string().replace("error parsing derivation 'a' ", ""),
    };
    expected.assert_eq(&shown);
}

/// A derivation with this text for its outputs.
fn outputs(text: &str) -> String {
    format!(r#"Derive([{text}],[],[],"s","/b",[],[])"#)
}

#[test]
fn wrong_syntax() {
    check("", expect!["at byte 0: derivation does not start with 'Derive' or 'DrvWithVersion'"]);
    check(
        "Derive([],[],[],\"s\",\"/b\",[],[])",
        expect!["at byte 31: must have at least one output"],
    );
    check(
        "DrvWithVersion(\"2\",",
        expect!["at byte 18: unknown derivation ATerm format version '2'"],
    );
    check(
        r#"DrvWithVersion("xp-dyn-drv",[("out","","","")],[],[],"s","/b",[],[])"#,
        expect!["at byte 49: a derivation without dynamic inputs has no version"],
    );
    check(r#"Derive([("out","","","")],[],[],"s","/b",[],[])"#, expect!["Ok(Deferred)"]);
    check(
        r#"Derive([("out","","","")],[],[],"s","/b",[],[]) "#,
        expect!["at byte 47: unexpected text after the derivation"],
    );
    check(
        r#"Derive([("out","","","")],[],[],"s","/b"#,
        expect!["at byte 37: unterminated string in derivation"],
    );
    check(
        r#"Derive([("out","","","")],[],[],"s","/b",["a",],[])"#,
        expect![[r#"at byte 46: expected string '"'"#]],
    );
    check(
        r#"Derive([("out","","","")],[],[],"s","\q",[],[])"#,
        expect!["at byte 37: wrong escape in a string"],
    );
    check(
        r#"Derive([("out","","","")],[],[],"s\n","/b",[],[])"#,
        expect![[r#"at byte 34: expected string '"'"#]],
    );
    check(
        "Derive([(\"out\",\"\",\"\",\"\")],[],[],\"s\",\"\n\",[],[])",
        expect!["at byte 37: wrong escape in a string"],
    );
}

#[test]
fn wrong_order() {
    check(
        r#"Derive([("out","","","")],[],[],"s","/b",[],[("b",""),("a","")])"#,
        expect!["at byte 63: entries are not sorted, or one is there twice"],
    );
    check(
        r#"Derive([("out","","","")],[],[],"s","/b",[],[("a",""),("a","")])"#,
        expect!["at byte 63: entries are not sorted, or one is there twice"],
    );
    check(
        &outputs(r#"("out","","",""),("dev","","","")"#),
        expect!["at byte 42: entries are not sorted, or one is there twice"],
    );
}

#[test]
fn wrong_outputs() {
    check(
        &outputs(r#"("a/b","","","")"#),
        expect!["at byte 14: name 'a/b' contains illegal character '/'"],
    );
    check(
        &outputs(r#"("out","/x","","")"#),
        expect!["at byte 19: path '/x' is not in the Nix store"],
    );
    check(
        &outputs(r#"("out","","","00")"#),
        expect!["at byte 25: an output has a hash but no hash algorithm"],
    );
    check(
        &outputs(r#"("out","","r:sha3","")"#),
        expect![
            "at byte 29: unknown hash algorithm 'sha3', expect 'md5', 'sha1', 'sha256', or 'sha512'"
        ],
    );
    check(
        &outputs(r#"("out","","r:md5","900150983cd24fb0d6963f7d28e17f72")"#),
        expect!["at byte 60: path '' is not in the Nix store"],
    );
    check(
        &outputs(r#"("out","/nix/store/kqygk1zq0v3772ml01fwf915f0az3l9r-a","r:md5","")"#),
        expect!["at byte 73: content-addressed derivation output should not specify output path"],
    );
    check(
        &outputs(
            r#"("out","/nix/store/kqygk1zq0v3772ml01fwf915f0az3l9r-a","r:md5","d41d8cd98f00b204e9800998ecf8427e")"#,
        ),
        expect!["Ok(Fixed)"],
    );
    check(
        &outputs(
            r#"("out","/nix/store/kqygk1zq0v3772ml01fwf915f0az3l9r-a","r:md5","D41D8CD98F00B204E9800998ECF8427E")"#,
        ),
        expect!["at byte 105: the output's hash is not in base 16"],
    );
    check(
        &outputs(
            r#"("out","/nix/store/kqygk1zq0v3772ml01fwf915f0az3l9r-a","md5","d41d8cd98f00b204e9800998ecf8427e")"#,
        ),
        expect![
            "at byte 103: incorrect output 'kqygk1zq0v3772ml01fwf915f0az3l9r-a', should be 'c0i753lgas6l3m3d9c1m4zk1ngr3w062-a'"
        ],
    );
    check(
        &outputs(r#"("a","","",""),("b","","md5","")"#),
        expect!["at byte 63: can't mix derivation output types"],
    );
}

#[test]
fn dynamic_inputs_nest_to_a_limit() {
    let nested = |depth: usize| {
        let path = "/nix/store/vl7h8ag3gf2srwmw0vf9v60y4lmkvzbn-x.drv";
        let (open, close) = ("([],[(\"out\",".repeat(depth), ")])".repeat(depth));
        format!(
            r#"DrvWithVersion("xp-dyn-drv",[("out","","","")],[("{path}",{open}["out"]{close})],[],"s","/b",[],[])"#
        )
    };
    check(&nested(DYNAMIC_DEPTH_MAX), expect!["Ok(Deferred)"]);
    check(
        &nested(DYNAMIC_DEPTH_MAX + 1),
        expect!["at byte 881: dynamic outputs nest more than 64 deep"],
    );
    check(&nested(100_000), expect!["at byte 881: dynamic outputs nest more than 64 deep"]);
}
