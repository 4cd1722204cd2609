//! A measurement for development: how fast two threads analyse all files below some folders.
//!
//! `analyse_folder FOLDER...`; the files are read into memory first, so that the disk does not count.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a tool for development, which reads folders and prints"
)]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use frazil_link::analysis::{Facts, analyse_file};

/// Files are read until there are so many bytes.
const BYTES_MAX: usize = 3_000_000_000;

fn main() {
    let mut next: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut files: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut bytes = 0;
    while let Some(path) = next.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            next.extend(entries.map(|entry| entry.path()));
        } else if metadata.is_file() && bytes < BYTES_MAX {
            let Ok(content) = fs::read(&path) else { continue };
            bytes += content.len();
            let name = path.as_os_str().as_bytes();
            files.push((name.strip_prefix(b"/").unwrap_or(name).into(), content));
        }
    }
    let programs = AtomicUsize::new(0);
    let program_bytes = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= files.len() {
                        return;
                    }
                    let (path, content) = &files[index];
                    if matches!(analyse_file(path, content).facts, Facts::Elf(_)) {
                        programs.fetch_add(1, Ordering::Relaxed);
                        program_bytes.fetch_add(content.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} files, {bytes} bytes, of them {} programs and libraries of {} bytes: {seconds:.3} s, {:.0} MB/s",
        files.len(),
        programs.into_inner(),
        program_bytes.into_inner(),
        bytes as f64 / seconds / 1e6,
    );
}
