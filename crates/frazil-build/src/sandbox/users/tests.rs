use super::{first_set_aside, name_of};

#[test]
fn ranges_are_set_aside_by_name_or_number() {
    let check = |table: &str| first_set_aside(table, &["ada", "1000"]);
    assert_eq!(check("bob:1:65536\nada:100000:65536\n"), Some(100_000));
    assert_eq!(check("1000:200000:65535\n"), Some(200_000));
    assert_eq!(
        check("ada:100000:1000\nada:300000:65536\n"),
        Some(300_000),
        "the first is too short"
    );
    assert_eq!(check("ada:100000:1000\n"), None);
    assert_eq!(check("bob:100000:65536\n"), None);
    assert_eq!(check("nonsense\nada:x:y\nada\n\n"), None);
}

#[test]
fn accounts_have_names() {
    let accounts = "root:x:0:0::/root:/bin/sh\nbroken\nada:x:1000:100::/:/bin/sh\n";
    assert_eq!(name_of(accounts, "1000"), Some("ada"));
    assert_eq!(name_of(accounts, "100"), None);
}
