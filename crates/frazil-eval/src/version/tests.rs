use super::*;

#[track_caller]
fn check_split(version: &str, expected: &str) {
    let shown: Vec<_> = components(version.as_bytes()).map(String::from_utf8_lossy).collect();
    assert_eq!(shown.join(" "), expected, "{version}");
}

#[test]
fn splits() {
    check_split("", "");
    check_split("..--", "");
    check_split("1.2.3", "1 2 3");
    check_split("2.3pre1234", "2 3 pre 1234");
    check_split("-1..a+b-", "1 a+b");
    check_split("1.0rc1-beta.é2", "1 0 rc 1 beta é 2");
}

#[track_caller]
fn check_order(left: &str, right: &str, expected: Ordering) {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    assert_eq!((compare(left, right), compare(right, left)), (expected, expected.reverse()));
}

#[test]
fn compares() {
    check_order("1.0", "2.3", Ordering::Less);
    check_order("2.1", "2.3", Ordering::Less);
    check_order("2.3", "2.3", Ordering::Equal);
    check_order("2.3", "2.3.", Ordering::Equal);
    check_order("2.5", "2.3", Ordering::Greater);
    check_order("2.3.1", "2.3", Ordering::Greater);
    check_order("2.3.1", "2.3a", Ordering::Greater);
    check_order("2.3pre1", "2.3", Ordering::Less);
    check_order("2.3pre3", "2.3pre12", Ordering::Less);
    check_order("2.3a", "2.3c", Ordering::Less);
    check_order("2.3pre1", "2.3c", Ordering::Less);
    check_order("2.3pre1", "2.3q", Ordering::Less);
    check_order("007", "7", Ordering::Equal);
    check_order("99999999999", "5", Ordering::Less);
    check_order("", "0", Ordering::Less);
    check_order("", "pre", Ordering::Greater);
    check_order("", "a", Ordering::Less);
}

#[track_caller]
fn check_name(name: &str, package: &str, version: &str) {
    assert_eq!(parse_drv_name(name.as_bytes()), (package.as_bytes(), version.as_bytes()));
}

#[test]
fn parses_names() {
    check_name("apache-httpd-2.0.48", "apache-httpd", "2.0.48");
    check_name("hello", "hello", "");
    check_name("hello-", "hello-", "");
    check_name("hello--1", "hello", "-1");
    check_name("hello-_x", "hello", "_x");
    check_name("-1", "", "1");
}
