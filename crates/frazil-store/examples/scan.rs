//! Times what looking for references adds to hashing:
//!
//!     cargo run --profile fast -p frazil-store --example scan -- FILE PATHS
//!
//! Hashes the bytes of FILE, of which there should be many, with and without looking for the digests
//! of so many store paths. Each figure is the best of several rounds, taken by turns.

#![expect(clippy::print_stdout, reason = "it is run by hand")]
#![expect(clippy::disallowed_methods, reason = "it reads a file that is in no store")]

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use frazil_model::nar::NarHasher;
use frazil_model::{Sha256, StorePath};
use frazil_store::ReferenceScanner;

const ROUNDS: usize = 7;
/// What a tree is read by.
const PIECE_BYTES: usize = 128 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("name a file and a number of paths".into());
    };
    let (bytes, count) = (std::fs::read(file)?, count.parse::<u32>()?);
    let name = "path".parse()?;
    let path = |number: u32| StorePath::new(Sha256::of(&number.to_le_bytes()).folded(), &name);
    let (mut hashing, mut both) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        hashing = hashing.min(time(&bytes, None)?);
        let scanner = ReferenceScanner::new((0..count).map(path));
        both = both.min(time(&bytes, Some(scanner))?);
    }
    let rate = |time: Duration| bytes.len() as f64 / time.as_secs_f64() / f64::from(1 << 20);
    println!("hashing               {:8.0} MiB/s", rate(hashing));
    println!("hashing and scanning  {:8.0} MiB/s", rate(both));
    println!("scanning adds {:.1} %", (both.as_secs_f64() / hashing.as_secs_f64() - 1.0) * 100.0);
    Ok(())
}

fn time(bytes: &[u8], mut scanner: Option<ReferenceScanner>) -> std::io::Result<Duration> {
    let begin = Instant::now();
    let mut hasher = NarHasher::default();
    for piece in bytes.chunks(PIECE_BYTES) {
        if let Some(scanner) = &mut scanner {
            scanner.update(piece);
        }
        hasher.write_all(piece)?;
    }
    hasher.finish();
    Ok(begin.elapsed())
}
