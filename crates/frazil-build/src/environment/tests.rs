//! The files in `testdata` are what Nix 2.26.3 gave to a builder that copied all it was given.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use frazil_model::{Derivation, Hash, StoreDir, StorePath};

use super::structured::print_float;
use super::{BuildEnvironment, PathFacts, Surroundings};

const MID: &str = "xl1llj2n8hkn00kysbjc1lgd4qfg70yx-mid";
const LEAF: &str = "xmh520ylpbaj85mqapy0z0p6hyd7p9xp-leaf";

fn path(text: &str) -> StorePath {
    text.parse().unwrap()
}

fn known_paths() -> BTreeMap<StorePath, PathFacts> {
    let facts = |hash: &str, nar_size, references: &[&str], address: &str| PathFacts {
        nar_hash: hash.parse::<Hash>().unwrap().try_into().unwrap(),
        nar_size,
        references: references.iter().map(|text| path(text)).collect(),
        content_address: Some(address.parse().unwrap()),
        outputs: BTreeSet::new(),
    };
    let mid = facts(
        "sha256:1znzq7cvag0zpk56srnlsabm12k68gnd6d29xjn9yxjsj3xnvcjl",
        168,
        &[LEAF],
        "text:sha256:0jysrvn0xn5k16mw9hprs9vps9h5ydbrf56bw6qhq3vwq7zn6n88",
    );
    let leaf = facts(
        "sha256:0iclkbr27lkblhi8glsajf038m00j72aapsid6m717zii6p53ddr",
        120,
        &[],
        "text:sha256:02s4b20l4ii8l4hjc5y998p9y5b0kzbq1dkdvsk4jgj38cgid4cz",
    );
    BTreeMap::from([(path(MID), mid), (path(LEAF), leaf)])
}

fn parse(name: &str, text: &[u8]) -> Derivation {
    Derivation::parse(&StoreDir::default(), &name.parse().unwrap(), text).unwrap()
}

fn environment_of(derivation: &Derivation) -> Result<BuildEnvironment, super::EnvironmentError> {
    let outputs = derivation.outputs.iter();
    let outputs =
        outputs.filter_map(|(name, output)| Some((name.clone(), output.path()?.clone()))).collect();
    let facts = known_paths();
    let inputs = facts.keys().cloned().collect();
    let impure_variables = BTreeMap::from([(b"IMP".to_vec(), b"imp".to_vec())]);
    BuildEnvironment::new(
        derivation,
        Surroundings {
            dir: &StoreDir::default(),
            outputs: &outputs,
            facts: &facts,
            inputs: &inputs,
            cores: 3,
            impure_variables: &impure_variables,
        },
    )
}

/// As the builder of `testdata` shows it: a line for each variable, then the files it was told of.
fn shown(environment: &BuildEnvironment, files: &[&[u8]]) -> String {
    let mut shown = Vec::new();
    for (name, value) in &environment.variables {
        let line = [name, b"=".as_slice(), value].concat();
        shown.extend(line.iter().map(|&byte| if byte == b'\n' { b'#' } else { byte }));
        shown.push(b'\n');
    }
    for name in files {
        shown.extend([b"== ", *name, b"\n", &environment.files[*name], b"\n"].concat());
    }
    String::from_utf8(shown).unwrap()
}

/// Without what a shell adds, and what it leaves out.
fn without_the_shell(text: &str) -> String {
    let kept = |line: &&str| !["SHLVL=", "_=", "x-yPath="].iter().any(|own| line.starts_with(own));
    text.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(name: &str, derivation: &[u8], given: &str, files: &[&[u8]]) {
    let environment = environment_of(&parse(name, derivation)).unwrap();
    let shown = shown(&environment, files);
    assert_eq!(without_the_shell(&shown), without_the_shell(given));
    assert_eq!(environment.files.len(), files.len());
}

#[test]
fn as_nix_gives_it() {
    check(
        "plain",
        include_bytes!("testdata/plain.drv"),
        include_str!("testdata/plain.given"),
        &[
            b".attr-0zwvg731k5245l0mfgfq82zvwsidvs92ldx0lrchw4ihn3cgx5nc",
            b".attr-1lak0mvllw8rv9i9ygkglvhqsq19qi9ynl4bi7gbf69ab5nzw89a",
            b"graph",
        ],
    );
    check(
        "structured",
        include_bytes!("testdata/structured.drv"),
        include_str!("testdata/structured.given"),
        &[b".attrs.sh", b".attrs.json"],
    );
}

#[track_caller]
fn check_variables(output: &str, env: &str, expected: Expect) {
    let text = format!(
        r#"Derive([{output}],[],[],"x86_64-linux","/b",["/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"],[{env}])"#
    );
    let shown = match environment_of(&parse("fixed", text.as_bytes())) {
        Ok(environment) => {
            let usual = ["NIX_", "T", "PWD=", "PATH=", "HOME="];
            let shown = shown(&environment, &[]);
            let rest = shown.lines().filter(|line| !usual.iter().any(|own| line.starts_with(own)));
            let checked = shown.contains("NIX_OUTPUT_CHECKED=1");
            format!(
                "{} {} checked: {checked}",
                rest.collect::<Vec<_>>().join(" "),
                environment.args[0].escape_ascii()
            )
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

const NORMAL: &str = r#"("out","/nix/store/5ikhixm1jqjid3ql5jms4py43qaq11w3-fixed","","")"#;
const FIXED: &str = r#"("out","/nix/store/6d1hby0aacgwa2jg1dw7xhnqc9ywf9bj-fixed","sha256","e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")"#;

#[test]
fn impure_variables_are_for_fixed_outputs() {
    check_variables(
        NORMAL,
        r#"("impureEnvVars","IMP")"#,
        expect![
            "impureEnvVars=IMP /nix/store/5ikhixm1jqjid3ql5jms4py43qaq11w3-fixed checked: false"
        ],
    );
    check_variables(
        FIXED,
        r#"("IMP","own"),("impureEnvVars","IMP GONE")"#,
        expect![
            "GONE= IMP=imp impureEnvVars=IMP GONE /nix/store/6d1hby0aacgwa2jg1dw7xhnqc9ywf9bj-fixed checked: true"
        ],
    );
}

#[test]
fn graphs() {
    check_variables(
        NORMAL,
        r#"("exportReferencesGraph","a")"#,
        expect!["odd number of tokens in `exportReferencesGraph`"],
    );
    check_variables(
        NORMAL,
        r#"("exportReferencesGraph","../a /nix/store/x")"#,
        expect!["invalid file name `../a` in `exportReferencesGraph`"],
    );
    check_variables(
        NORMAL,
        r#"("exportReferencesGraph","a /etc/passwd")"#,
        expect!["`exportReferencesGraph` contains a non-store path `/etc/passwd`"],
    );
    let foreign = "5ikhixm1jqjid3ql5jms4py43qaq11w3-foreign";
    let env = format!(r#"("exportReferencesGraph","a /nix/store/{foreign}")"#);
    check_variables(
        NORMAL,
        &env,
        expect![
            "cannot export references of path `5ikhixm1jqjid3ql5jms4py43qaq11w3-foreign` because it is not in the input closure"
        ],
    );
}

#[test]
fn numbers() {
    let shown = |value: f64| print_float(value);
    let all: Vec<_> =
        [0.0, -0.0, 1.5, -2.0, 1e14, 1e15, 1.25e-4, 1.25e-5, 1e300, 5e-324, 0.1, 12.75]
            .into_iter()
            .map(shown)
            .collect();
    expect!["0.0 -0.0 1.5 -2.0 100000000000000.0 1e+15 0.000125 1.25e-05 1e+300 5e-324 0.1 12.75"]
        .assert_eq(&all.join(" "));
}
