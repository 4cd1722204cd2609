//! Debian's `docker-registry`, running: a registry of images that was not written here.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A registry that keeps its images in a directory, and tells about each request.
#[derive(Debug)]
pub struct DockerRegistry {
    child: Child,
    host: String,
    requests: PathBuf,
}

impl DockerRegistry {
    /// Starts one on a free port. `settings` are further lines of its settings, in YAML; `None` if
    /// the program is not there.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(directory: &Path, settings: &str) -> Option<Self> {
        let text = format!(
            "version: 0.1\nlog: {{accesslog: {{disabled: false}}, level: info}}\n\
             storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n\
             {settings}",
            directory.join("images").display()
        );
        let file = directory.join("settings.yml");
        fs::write(&file, text).expect("the settings can be written");
        let requests = directory.join("requests");
        let log = fs::File::create(&requests).expect("a log can be written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(file).stdin(Stdio::null()).stdout(log).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            child => child.expect("the registry can be started"),
        };
        let mut words = BufReader::new(child.stderr.take().expect("its words are read"));
        let mut line = String::new();
        let host = loop {
            line.clear();
            let length = words.read_line(&mut line).expect("its words can be read");
            assert!(length > 0, "the registry does not listen");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split('"').next().unwrap_or_default().to_owned();
            }
        };
        // Nobody listens to the rest, which must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut words, &mut std::io::sink()));
        Some(Self { child, host, requests })
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The requests since it was asked last, in the format of web servers.
    ///
    /// # Panics
    /// If the log is not there any more.
    pub fn requests(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.requests).expect("a log");
        let log = fs::OpenOptions::new().write(true).open(&self.requests).expect("a log");
        log.set_len(0).expect("a log can be emptied");
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
