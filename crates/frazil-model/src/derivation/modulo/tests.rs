use std::collections::BTreeMap;

use super::*;
use crate::content_address::{ContentAddress, ContentAddressMethod};
use crate::derivation::{Placeholder, WantedOutputs};
use crate::hash::{Hash, HashAlgorithm};

/// What Nix would keep in a store: the derivations completed so far.
#[derive(Default)]
struct Known {
    dir: StoreDir,
    hashes: BTreeMap<StorePath, DerivationHash>,
}

/// A derivation with the variables that the language's `derivation` always sets.
fn derivation(name: &str, system: &str, outputs: &[&str], env: &[(&str, &str)]) -> Derivation {
    let always = [("name", name), ("system", system), ("builder", "/b")];
    let pairs = always.iter().chain(env);
    Derivation {
        name: name.parse().unwrap(),
        outputs: outputs
            .iter()
            .map(|output| (output.parse().unwrap(), DerivationOutput::Deferred))
            .collect(),
        input_derivations: BTreeMap::new(),
        input_sources: BTreeSet::new(),
        system: system.into(),
        builder: b"/b".to_vec(),
        args: Vec::new(),
        env: pairs.map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    }
}

fn empty_sha256(method: ContentAddressMethod) -> ContentAddress {
    ContentAddress { method, hash: Hash::of(HashAlgorithm::Sha256, b"") }
}

impl Known {
    /// Completes `derivation` and shows its path and those of its outputs.
    fn add(&mut self, mut derivation: Derivation) -> (StorePath, Derivation) {
        let mut aterm = Vec::new();
        let hashes = &self.hashes;
        let done = derivation
            .instantiate::<InstantiateError>(&self.dir, &mut aterm, &mut |path| Ok(hashes[path]))
            .unwrap();
        let read = Derivation::parse(&self.dir, &derivation.name, &aterm).unwrap();
        assert_eq!(read, derivation);
        self.hashes.insert(done.path.clone(), done.hash);
        (done.path, derivation)
    }

    fn fixed(
        &mut self,
        mut derivation: Derivation,
        content: ContentAddress,
    ) -> (StorePath, Derivation) {
        let out = OutputName::out();
        let output = DerivationOutput::fixed(&self.dir, &derivation.name, &out, content).unwrap();
        derivation.env.insert(b"out".to_vec(), self.dir.join(output.path().unwrap()).into());
        derivation.outputs = BTreeMap::from([(out, output)]);
        self.add(derivation)
    }

    #[track_caller]
    fn check(&mut self, derivation: Derivation, expected: &[&str]) -> (StorePath, Derivation) {
        let (path, derivation) = self.add(derivation);
        let mut shown = vec![path.to_string()];
        shown.extend(
            derivation
                .outputs
                .values()
                .map(|output| output.path().map_or_else(String::new, ToString::to_string)),
        );
        assert_eq!(shown, expected);
        (path, derivation)
    }
}

fn wants(derivation: &mut Derivation, path: &StorePath, output: &str) {
    let wanted = derivation.input_derivations.entry(path.clone()).or_default();
    wanted.outputs.insert(output.parse().unwrap());
}

fn out_path(known: &Known, derivation: &Derivation, output: &str) -> String {
    known.dir.join(derivation.outputs[&output.parse().unwrap()].path().unwrap())
}

const SRI_EMPTY: &str = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/// The fixed-output derivation `f` of the tests below.
fn empty_file() -> Derivation {
    let hash = Hash::of(HashAlgorithm::Sha256, b"").format(crate::HashFormat::Base16);
    let env = [("outputHash", &*hash), ("outputHashAlgo", "sha256"), ("outputHashMode", "flat")];
    derivation("f", "s", &["out"], &env)
}

#[test]
fn input_addressed() {
    let mut known = Known::default();
    known.check(
        derivation("a", "s", &["out"], &[]),
        &["9wqz90h8cq2vij7j9nc478n4zmag4ysk-a.drv", "vhsxqpbxr0zqs9684fzkz2frmi9c30nm-a"],
    );
    let env = [("outputs", "out dev"), ("x", "a\"\\\n\t\r")];
    let mut many = derivation("a", "s", &["out", "dev"], &env);
    many.args = vec![b"-c".to_vec(), "é".into()];
    known.check(
        many,
        &[
            "cdynrzy1rxx9w9l8m1p1p9b5k6iqbp49-a.drv",
            "8lcg5cakrwk3x85lpm1i1hzwkvj996fc-a-dev",
            "qhcx2j4r3acng7w8r0az880w2s9pnvca-a",
        ],
    );
}

#[test]
fn chain_from_a_fixed_output_and_a_source() {
    let mut known = Known::default();
    let (fixed_path, fixed) = known.fixed(empty_file(), empty_sha256(ContentAddressMethod::Flat));
    assert_eq!(fixed_path.as_str(), "648invbmnl9d31jljk7xdi5aiyf4yfhh-f.drv");
    let fixed_out = out_path(&known, &fixed, "out");
    assert_eq!(fixed_out, "/nix/store/i8yf3p9li8bd9rwjsr5nkg63lxs367am-f");

    let text = known.dir.text_path(&"t".parse().unwrap(), Sha256::of(b"x"), []);
    assert_eq!(text.as_str(), "n67lcg14n0q7xc51d5sm6j6i40kpnvfk-t");
    let env = [("d", &*fixed_out), ("t", &known.dir.join(&text))];
    let mut a = derivation("a", "s", &["out"], &env);
    a.input_sources.insert(text);
    wants(&mut a, &fixed_path, "out");
    let (a_path, a) = known.check(
        a,
        &["yh0nsg2fd7dslhjqpxmhym07xwcs77z2-a.drv", "si11bqikm3hbsfhxqhwja3cyk5a5qb0h-a"],
    );

    let mut b = derivation("b", "s", &["out"], &[("d", &out_path(&known, &a, "out"))]);
    wants(&mut b, &a_path, "out");
    known.check(
        b,
        &["s7p29hq99qy4y5f8y4fg738y29d9zjb2-b.drv", "rrn4iq4h4wdb5wg9nmx7li8m848616q1-b"],
    );
}

#[test]
fn inputs_of_equal_hash_are_one_with_the_outputs_of_both() {
    let mut known = Known::default();
    let mut a_of_url = |url| {
        let mut file = derivation("src", "x", &["out"], &[("outputHash", SRI_EMPTY), ("url", url)]);
        file.outputs.clear();
        let (path, file) = known.fixed(file, empty_sha256(ContentAddressMethod::Flat));
        let env = [("outputs", "out dev"), ("src", &*out_path(&known, &file, "out"))];
        let mut a = derivation("a", "x", &["out", "dev"], &env);
        wants(&mut a, &path, "out");
        known.add(a)
    };
    let ((path1, a1), (path2, a2)) = (a_of_url("u1"), a_of_url("u2"));
    assert_ne!(path1, path2);
    assert_eq!(known.hashes[&path1], known.hashes[&path2]);

    let env = [("p", &*out_path(&known, &a1, "out")), ("q", &out_path(&known, &a2, "dev"))];
    let mut both = derivation("d", "x", &["out"], &env);
    wants(&mut both, &path1, "out");
    wants(&mut both, &path2, "dev");
    known.check(
        both,
        &["x486gbdkqxvk37p9zpq9n600sn3mzp6b-d.drv", "dq8d5a35yfricjg0m9b6j4zhkbiidivc-d"],
    );
}

#[test]
fn what_needs_a_floating_or_impure_output_is_deferred() {
    let mut known = Known::default();
    let (method, algorithm) = (ContentAddressMethod::Nar, HashAlgorithm::Sha256);
    let env = [
        ("dev", &*Placeholder::own(b"dev").to_string()),
        ("out", &Placeholder::own(b"out").to_string()),
        ("outputHashAlgo", "sha256"),
        ("outputHashMode", "recursive"),
        ("outputs", "out dev"),
    ];
    let mut floating = derivation("c", "s", &["dev", "out"], &env);
    for output in floating.outputs.values_mut() {
        *output = DerivationOutput::FloatingCa { method, algorithm };
    }
    let (path, _) = known.check(floating, &["11v274hhdfc0qjf2awjx21wcnn0921hf-c.drv", "", ""]);
    let dev = Placeholder::upstream(&path, &"dev".parse().unwrap()).unwrap().to_string();
    assert_eq!(dev, "/0s0g9v7vcp7g7bwkngscwzkyqvy9p6xj5i832wg4l0426ma8xb15");
    let mut user = derivation("d", "s", &["out"], &[("c", &dev)]);
    wants(&mut user, &path, "dev");
    let (path, user) = known.check(user, &["kvipf744djr0fv0bp0bi6v2lds1h8cav-d.drv", ""]);
    assert_eq!(user.kind(), Ok(DerivationKind::Deferred));
    assert_eq!(known.hashes[&path].kind, DerivationHashKind::Deferred);

    let env = [("out", &*Placeholder::own(b"out").to_string())];
    let mut impure = derivation("i", "s", &["out"], &env);
    impure.outputs.insert(OutputName::out(), DerivationOutput::Impure { method, algorithm });
    // `__impure` itself does not reach the environment.
    let (path, _) = known.check(impure, &["p783w3mc1yy1p1p1j2q817c16dcr7qml-i.drv", ""]);
    let out = Placeholder::upstream(&path, &OutputName::out()).unwrap().to_string();
    let mut user = derivation("j", "s", &["out"], &[("i", &out)]);
    wants(&mut user, &path, "out");
    known.check(user, &["m3yjpw9aqj438cjbl1dqzrpyclmbx5qj-j.drv", ""]);
}

#[test]
fn dynamic_outputs() {
    let mut known = Known::default();
    let (method, algorithm) = (ContentAddressMethod::Text, HashAlgorithm::Sha256);
    let env = [
        ("out", &*Placeholder::own(b"out").to_string()),
        ("outputHashAlgo", "sha256"),
        ("outputHashMode", "text"),
    ];
    let mut producer = derivation("hello.drv", "s", &["out"], &env);
    producer.outputs.insert(OutputName::out(), DerivationOutput::FloatingCa { method, algorithm });
    let (path, _) = known.check(producer, &["vl7h8ag3gf2srwmw0vf9v60y4lmkvzbn-hello.drv.drv", ""]);

    let out = OutputName::out();
    let first = Placeholder::upstream(&path, &out).unwrap();
    assert_eq!(first.to_string(), "/0ffkhc4glxxgwv035bpv45r0w8fapp2jbx8c2c3nyv960nk3plmw");
    let second = first.of_output(&out);
    assert_eq!(second.to_string(), "/1fpi7rb7h9s8101kdrlqvhpsv5a0x1jalwm1aa8wywfv5lz1cs4w");
    let third = second.of_output(&"dev".parse().unwrap());
    assert_eq!(third.to_string(), "/1qfpbzfy4cav4d3a6h88mvzmgcldpr9pf6cm47d379gkz2gg4mbc");

    let inner = WantedOutputs { outputs: BTreeSet::from([out.clone()]), ..Default::default() };
    let wanted =
        WantedOutputs { dynamic: BTreeMap::from([(out.clone(), inner)]), ..Default::default() };
    let mut user = derivation("w", "s", &["out"], &[("o", &second.to_string())]);
    user.input_derivations.insert(path.clone(), wanted);
    known.check(user, &["7vh9m6ghk514yzlwkgcagxlr5lmcjxli-w.drv", ""]);

    let dev = BTreeSet::from(["dev".parse().unwrap()]);
    let innermost = WantedOutputs { outputs: dev, ..Default::default() };
    let inner =
        WantedOutputs { dynamic: BTreeMap::from([(out.clone(), innermost)]), ..Default::default() };
    let wanted = WantedOutputs { dynamic: BTreeMap::from([(out, inner)]), ..Default::default() };
    let mut user = derivation("w2", "s", &["out"], &[("o2", &third.to_string())]);
    user.input_derivations.insert(path, wanted);
    known.check(user, &["b4w08k06rnb3mnbgsq1sjaydgmdlwg4z-w2.drv", ""]);
}

#[test]
fn the_kinds_must_fit() {
    let check = |outputs: &[(&str, DerivationOutput)], message: &str| {
        let mut bad = derivation("a", "s", &[], &[]);
        bad.outputs =
            outputs.iter().map(|(name, out)| (name.parse().unwrap(), out.clone())).collect();
        let err = bad
            .instantiate::<InstantiateError>(&StoreDir::default(), &mut Vec::new(), &mut |_| {
                panic!("there are no inputs")
            })
            .unwrap_err();
        assert_eq!(err.to_string(), message);
    };
    let floating =
        |algorithm| DerivationOutput::FloatingCa { method: ContentAddressMethod::Nar, algorithm };
    let fixed = || {
        let content = empty_sha256(ContentAddressMethod::Flat);
        let (dir, name) = (StoreDir::default(), "a".parse().unwrap());
        DerivationOutput::fixed(&dir, &name, &OutputName::out(), content).unwrap()
    };
    let sha1 = HashAlgorithm::Sha1;
    check(&[], "must have at least one output");
    check(
        &[("a", DerivationOutput::Deferred), ("b", floating(sha1))],
        "can't mix derivation output types",
    );
    check(&[("out", fixed()), ("b", fixed())], "only one fixed output is allowed for now");
    check(&[("dev", fixed())], "single fixed output must be named \"out\"");
    check(
        &[("a", floating(sha1)), ("b", floating(HashAlgorithm::Sha256))],
        "all floating outputs must use the same hash algorithm",
    );
}

#[test]
fn names_must_leave_room_for_the_extension() {
    let mut long = derivation(&"n".repeat(208), "s", &["out"], &[]);
    let err = long
        .instantiate::<InstantiateError>(&StoreDir::default(), &mut Vec::new(), &mut |_| {
            panic!("there are no inputs")
        })
        .unwrap_err();
    assert!(err.to_string().ends_with(".drv' must be no longer than 211 characters"), "{err}");
}
