//! Builders that take more than they get.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use expect_test::expect;
use frazil_build::sandbox::{BuildDir, Cancel, Limits};

use crate::behaviour::check;
use crate::setting::{Setting, run, run_until};

#[test]
fn time() {
    let mut setting = Setting::of("sleep");
    setting.limits.time = Some(Duration::from_millis(300));
    check(&setting, expect!["the builder timed out after 300ms"]);
    setting.limits = Limits { silence: Some(Duration::from_millis(300)), ..setting.limits };
    setting.limits.time = None;
    check(&setting, expect!["the builder timed out after 300ms of silence"]);
}

#[test]
fn cancelling() {
    let cancel = Cancel::new().unwrap();
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            cancel.cancel();
        });
        let shown = run_until(&Setting::of("sleep"), &cancel, &mut |_| {}).shown();
        expect!["the build was cancelled"].assert_eq(&shown);
    });
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(cancel.is_cancelled());
}

/// Whoever reads the log may fail; the builder must not live on.
#[test]
fn panicking() {
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        run_until(&Setting::of("sleep"), &Cancel::new().unwrap(), &mut |_| panic!("on purpose"))
    }));
    assert!(outcome.is_err());
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn log() {
    let mut setting = Setting::of("flood");
    setting.limits.log_bytes_max = Some(1 << 20);
    let run = run(&setting);
    expect!["the builder was killed after writing more than 1048576 bytes of log output"]
        .assert_eq(&run.shown());
    assert_eq!(run.log_bytes, 1 << 20);
}

#[test]
fn processes() {
    let mut setting = Setting::of("bomb");
    setting.limits.processes_max = Some(40);
    check(
        &setting,
        expect![[r#"
        (true, true, "Resource temporarily unavailable (os error 11)")
    "#]],
    );
}

#[test]
fn memory() {
    let build_dir = BuildDir::Memory { bytes_max: 1 << 20 };
    check(
        &Setting { build_dir, ..Setting::of("fill") },
        expect![[r#"
        ("/build/x", "No space left on device (os error 28)")
        ("/tmp/x", "No space left on device (os error 28)")
        ("/dev/shm/x", "No space left on device (os error 28)")
    "#]],
    );
}

#[test]
fn disk() {
    let expected = "the builder was stopped because its files take 4194304 bytes or more";
    for probe in ["hoard", "swell"] {
        let mut setting = Setting::of(probe);
        setting.limits.disk_bytes_max = Some(4 << 20);
        let started = Instant::now();
        assert_eq!(run(&setting).result.unwrap_err().to_string(), expected, "{probe}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
