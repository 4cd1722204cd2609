//! A scratch directory with a sandbox around a probe.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use frazil_build::BuildEnvironment;
use frazil_build::sandbox::{self, Bind, BuildDir, Cancel, Limits, Network, RunError, Sandbox};
use frazil_model::{StoreDir, StorePath};

/// Where the probes leave their output.
pub(crate) const OUTPUT: &str = "00000000000000000000000000000000-out";

/// The interpreters of dynamic programs, of which one exists.
const INTERPRETERS: &[&str] = &["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/// What a test may choose.
pub(crate) struct Setting {
    pub(crate) probe: &'static str,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) files: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) inputs: BTreeMap<StorePath, PathBuf>,
    pub(crate) network: Network,
    pub(crate) build_dir: BuildDir,
    pub(crate) limits: Limits,
    pub(crate) builder: &'static str,
}

impl Setting {
    pub(crate) fn of(probe: &'static str) -> Self {
        Self {
            probe,
            variables: Vec::new(),
            files: BTreeMap::new(),
            inputs: BTreeMap::new(),
            network: Network::Private,
            build_dir: BuildDir::Disk,
            limits: Limits {
                // A probe that hangs fails its test instead of hanging it.
                time: Some(std::time::Duration::from_mins(1)),
                memory_dir_bytes_max: 1 << 20,
                ..Limits::default()
            },
            builder: "/probe",
        }
    }
}

/// What a run left.
pub(crate) struct Run {
    pub(crate) result: Result<(), RunError>,
    /// The lines that the probe marked as its own.
    pub(crate) said: String,
    pub(crate) log_bytes: usize,
    pub(crate) scratch: tempfile::TempDir,
}

impl Run {
    /// The result and what was said, in one text.
    pub(crate) fn shown(&self) -> String {
        match &self.result {
            Ok(()) => self.said.clone(),
            Err(error) => format!("{}{error}", self.said),
        }
    }

    pub(crate) fn output(&self) -> PathBuf {
        sandbox::output_place(self.scratch.path(), &OUTPUT.parse().unwrap())
    }
}

pub(crate) fn run(setting: &Setting) -> Run {
    run_until(setting, &Cancel::new().unwrap(), &mut |_| {})
}

pub(crate) fn run_until(setting: &Setting, cancel: &Cancel, on_log: &mut dyn FnMut(&[u8])) -> Run {
    let scratch = tempfile::tempdir().unwrap();
    let (binds, library_path) = own_files();
    let mut variables = BTreeMap::new();
    for (name, value) in &setting.variables {
        variables.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    variables.insert(b"PROBE".to_vec(), setting.probe.as_bytes().to_vec());
    variables.insert(b"LD_LIBRARY_PATH".to_vec(), library_path.into_bytes());
    let args = ["--exact", "probe::entry", "--nocapture", "--test-threads=1"];
    let environment = BuildEnvironment {
        builder: setting.builder.into(),
        args: args.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
        variables,
        files: setting.files.clone(),
    };
    let sandbox = Sandbox {
        scratch: scratch.path(),
        store: &StoreDir::default(),
        inputs: &setting.inputs,
        binds: &binds,
        environment: &environment,
        system: b"x86_64-linux",
        network: setting.network,
        build_dir: setting.build_dir,
        limits: setting.limits,
    };
    let (mut said, mut log_bytes) = (String::new(), 0);
    let result = sandbox::run(&sandbox, cancel, &mut |line| {
        log_bytes += line.len();
        if let Some(line) = line.strip_prefix(b"> ") {
            said += &String::from_utf8_lossy(line);
        }
        on_log(line);
    });
    if let Err(RunError::Sandbox(error)) = &result
        && let Some(help) = error.help()
    {
        said += help;
    }
    Run { result, said, log_bytes, scratch }
}

/// This program and the libraries it is linked to, and where to look for those.
fn own_files() -> (Vec<Bind>, String) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let program = std::env::current_exe().unwrap();
    let mapped: BTreeSet<&Path> = maps
        .lines()
        .filter_map(|line| line.split_ascii_whitespace().nth(5))
        .filter(|path| path.starts_with('/'))
        .map(Path::new)
        .filter(|path| *path != program && path.is_file())
        .collect();
    let dirs: BTreeSet<_> = mapped.iter().filter_map(|path| path.parent()?.to_str()).collect();
    let library_path = dirs.into_iter().collect::<Vec<_>>().join(":");
    let interpreters = INTERPRETERS.iter().map(Path::new).filter(|path| path.exists());
    let targets: BTreeSet<&Path> = mapped.into_iter().chain(interpreters).collect();
    let same = |path: &Path| Bind { source: path.into(), target: path.into() };
    let mut binds: Vec<Bind> = targets.into_iter().map(same).collect();
    binds.push(Bind { source: program, target: "/probe".into() });
    (binds, library_path)
}
