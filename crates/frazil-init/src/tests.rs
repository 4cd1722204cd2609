use super::PROGRAM;

/// What the project promises about its size.
const PROGRAM_BYTES_MAX: usize = 128 << 10;

fn holds(text: &str) -> bool {
    PROGRAM.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_program_is_small_and_needs_nothing() {
    assert!(PROGRAM.len() <= PROGRAM_BYTES_MAX, "{} bytes", PROGRAM.len());
    assert!(PROGRAM.starts_with(b"\x7fELF"));
    for loader in ["ld-linux", "libc.so", "GLIBC"] {
        assert!(!holds(loader), "{loader}");
    }
}

/// Neither paths of the machine that built it, nor the messages of panics that could happen.
#[test]
fn the_program_tells_nothing_about_its_making() {
    for trace in
        [env!("CARGO_MANIFEST_DIR"), "/rustc/", "frazil-init/src", "panicked", "attempt to "]
    {
        assert!(!holds(trace), "{trace}");
    }
}
