//! Downloads that are not wanted any more.

use super::*;

#[test]
fn a_download_that_nobody_wants_any_more_ends() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let stop = Arc::new(AtomicBool::new(false));
    let raise = Arc::clone(&stop);
    // It would be gone on with for ever: each connection brings one byte.
    let server = TestServer::start(move |request| {
        let from = request.range().unwrap_or(0);
        raise.store(from == 3, Ordering::SeqCst);
        let (range, left) = (format!("bytes {from}-999/1000"), (1000 - from).to_string());
        let headers = [("Content-Range", &*range), ("Content-Length", &*left)];
        reply(if from == 0 { 200 } else { 206 }, &headers[usize::from(from == 0)..], b"x")
    });
    let is_stopped = Arc::new(move || stop.load(Ordering::SeqCst));
    let wait = Arc::new(|_| {});
    let options = FetchOptions { is_stopped, wait, attempts: 10, ..FetchOptions::default() };
    let dir = tempfile::tempdir().unwrap();
    let options_of_file = DownloadOptions { hash: None, bytes_max: 1000 };
    let done = Client::new(options).unwrap().download(
        &server.url("/file"),
        &dir.path().join("goal"),
        &options_of_file,
    );
    assert!(matches!(done.unwrap_err().problem, FetchProblem::Stopped));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
