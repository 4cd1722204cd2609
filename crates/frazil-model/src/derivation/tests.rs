use super::*;
use crate::hash::{Hash, Sha256};
use frazil_testkit::random::Random;

const NAME_BYTES: &[u8] = b"abcXYZ019+-._?=";

fn random_path(random: &mut Random, dir: &StoreDir, extension: &str) -> StorePath {
    let mut name = vec![b'n'];
    name.extend(random.bytes_of(NAME_BYTES, 20));
    name.extend_from_slice(extension.as_bytes());
    dir.text_path(&StoreName::parse(&name).unwrap(), Sha256::of(&random.bytes(9)), [])
}

fn random_outputs(random: &mut Random) -> BTreeSet<OutputName> {
    let names = ["out", "dev", "man", "a.b", "Z"].map(|name| name.parse::<OutputName>().unwrap());
    let mut outputs: BTreeSet<_> = names.into_iter().filter(|_| random.below(2) == 0).collect();
    outputs.insert(OutputName::out());
    outputs
}

fn random_wanted(random: &mut Random, depth: u64) -> WantedOutputs {
    let mut wanted = WantedOutputs { outputs: random_outputs(random), dynamic: BTreeMap::new() };
    if depth > 0 && random.below(4) == 0 {
        for name in random_outputs(random) {
            wanted.dynamic.insert(name, random_wanted(random, depth - 1));
        }
    }
    wanted
}

fn random_output(random: &mut Random, dir: &StoreDir, kind: u64) -> DerivationOutput {
    let (method, algorithm) = (ContentAddressMethod::Nar, HashAlgorithm::Sha1);
    match kind {
        0 => DerivationOutput::InputAddressed(random_path(random, dir, "")),
        1 => DerivationOutput::FloatingCa { method, algorithm },
        2 => DerivationOutput::Impure { method: ContentAddressMethod::Text, algorithm },
        _ => DerivationOutput::Deferred,
    }
}

fn random_derivation(random: &mut Random, dir: &StoreDir) -> Derivation {
    let name: StoreName = "random".parse().unwrap();
    let outputs = match random.below(5) {
        4 => {
            let hash = Hash::of(HashAlgorithm::ALL[random.below(4) as usize], &random.bytes(4));
            let content = ContentAddress { method: ContentAddressMethod::Flat, hash };
            let out = OutputName::out();
            let output = DerivationOutput::fixed(dir, &name, &out, content).unwrap();
            BTreeMap::from([(out, output)])
        }
        kind => random_outputs(random)
            .into_iter()
            .map(|name| (name, random_output(random, dir, kind)))
            .collect(),
    };
    let system = random.bytes_of(b"x86_64-linux ()[],\n", 20);
    let (inputs, sources, args, env) =
        (random.below(4), random.below(4), random.below(4), random.below(6));
    Derivation {
        name,
        outputs,
        input_derivations: (0..inputs)
            .map(|_| (random_path(random, dir, ".drv"), random_wanted(random, 2)))
            .collect(),
        input_sources: (0..sources).map(|_| random_path(random, dir, "")).collect(),
        system,
        builder: random.bytes(20),
        args: (0..args).map(|_| random.bytes_of(b"ab\"\\\n\r\t,])\0", 20)).collect(),
        env: (0..env)
            .map(|_| (random.bytes_of(b"ab\"\\\n\r\t,])\0", 9), random.bytes(30)))
            .collect(),
    }
}

#[test]
fn random_derivations_round_trip() {
    let mut random = Random::seeded();
    for dir in ["/nix/store", "/s"] {
        let dir: StoreDir = dir.parse().unwrap();
        for _ in 0..500 {
            let derivation = random_derivation(&mut random, &dir);
            let mut aterm = Vec::new();
            derivation.print(&dir, &mut aterm);
            let read = Derivation::parse(&dir, &derivation.name, &aterm);
            assert_eq!(read.as_ref(), Ok(&derivation), "{}", aterm.escape_ascii());
        }
    }
}
