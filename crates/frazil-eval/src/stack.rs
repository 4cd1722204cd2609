//! The native stack: evaluation recurses, so it runs on a thread with a large one and watches it.

/// Address space for the stack of an evaluation, in bytes. Pages are only taken when used.
const STACK_BYTES: usize = 256 << 20;
/// What must be left for code that does not check: printing an error, a builtin, the host, and the
/// parser, for a file that is imported at the deepest point.
const RESERVE_BYTES: usize = 8 << 20;
/// The same on a thread whose stack is small.
const SMALL_RESERVE_BYTES: usize = 1 << 20;

/// Runs `work` on a thread with a stack large enough for deep recursion, and waits for it.
///
/// # Panics
/// If `work` panics, or if no thread can be started.
pub fn with_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("evaluation".into()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || {
            STACK_FLOOR.set(address() - STACK_BYTES + RESERVE_BYTES);
            work()
        });
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("cannot start the evaluation thread: {error}"),
        }
    })
}

thread_local! {
    static STACK_FLOOR: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The lowest address that evaluation on this thread may reach.
pub(crate) fn floor() -> usize {
    match STACK_FLOOR.get() {
        // Not one of our threads: two MiB is the smallest stack that Rust's threads have by default.
        0 => address().saturating_sub((2 << 20) - SMALL_RESERVE_BYTES),
        floor => floor,
    }
}

/// An address in the current stack frame.
#[inline(always)]
pub(crate) fn address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)) as usize
}
