//! Times what looking for references adds to hashing:
//!
//!     cargo run --profile fast -p frazil-store --example scan -- FILE PATHS
//!
//! Hashes the bytes of FILE, of which there should be many, and looks for the digests of so many store
//! paths in them, piece by piece by turns; so what else the machine does disturbs both alike.

#![expect(clippy::print_stdout, reason = "it is run by hand")]
#![expect(clippy::disallowed_methods, reason = "it reads a file that is in no store")]

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use frazil_model::nar::NarHasher;
use frazil_model::{Sha256, StorePath};
use frazil_store::ReferenceScanner;

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
    let mut scanner = ReferenceScanner::new((0..count).map(path));
    let mut hasher = NarHasher::default();
    let (mut hashing, mut scanning) = (Duration::ZERO, Duration::ZERO);
    let mut buffer = Vec::with_capacity(PIECE_BYTES);
    for piece in bytes.chunks(PIECE_BYTES) {
        // What was just read is in the cache of the processor.
        buffer.clear();
        buffer.extend_from_slice(piece);
        let begin = Instant::now();
        scanner.update(&buffer);
        let middle = Instant::now();
        hasher.write_all(&buffer)?;
        scanning += middle - begin;
        hashing += middle.elapsed();
    }
    let rate = |time: Duration| bytes.len() as f64 / time.as_secs_f64() / f64::from(1 << 20);
    println!("hashing   {:8.0} MiB/s", rate(hashing));
    println!("scanning  {:8.0} MiB/s", rate(scanning));
    println!("scanning adds {:.1} %", scanning.as_secs_f64() / hashing.as_secs_f64() * 100.0);
    // So that the compiler cannot leave the work out.
    println!("{} bytes, {} references", hasher.finish().size, scanner.finish().len());
    Ok(())
}
