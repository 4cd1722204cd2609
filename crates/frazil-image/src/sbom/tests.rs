use expect_test::{Expect, expect};
use serde_json::Value;

use super::licence::of_copyright;
use super::{Inventory, Licence, Package, PackageKind, Terms, cyclonedx, purl, spdx};
use crate::Timestamp;

fn debian(name: &str, version: &str, source: Option<(&str, Option<&str>)>) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        kind: PackageKind::Debian {
            architecture: "amd64".to_owned(),
            source: source.map(|(name, version)| (name.to_owned(), version.map(str::to_owned))),
            release: Some("13".to_owned()),
        },
        licences: Vec::new(),
        digest: None,
        layers: Vec::new(),
        depends: Vec::new(),
    }
}

#[track_caller]
fn check_purl(package: &Package, expected: Expect) {
    expected.assert_eq(&purl(package));
}

#[test]
fn packages_have_urls() {
    check_purl(
        &debian("libc6", "2.36-9+deb12u14", Some(("glibc", None))),
        expect![
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-13&upstream=glibc"
        ],
    );
    check_purl(
        &debian("libstdc++6", "1:14.2-1", Some(("gcc-14", Some("14.2-2")))),
        expect![
            "pkg:deb/debian/libstdc%2B%2B6@1:14.2-1?arch=amd64&distro=debian-13&upstream=gcc-14%4014.2-2"
        ],
    );
    let nix = || PackageKind::Nix { store_path: "/nix/store/00bgd045-x".to_owned() };
    check_purl(
        &Package { kind: nix(), ..debian("hello", "2.12", None) },
        expect!["pkg:nix/hello@2.12?outputhash=00bgd045"],
    );
    check_purl(
        &Package { kind: nix(), ..debian("x.conf", "", None) },
        expect!["pkg:nix/x.conf?outputhash=00bgd045"],
    );
    check_purl(
        &Package { kind: PackageKind::Own, ..debian("frazil-init", "1.0", None) },
        expect!["pkg:generic/frazil-init@1.0"],
    );
}

#[track_caller]
fn check_licences(text: &str, expected: Expect) {
    let terms = of_copyright(text.as_bytes());
    expected.assert_eq(&super::licence::expression(&terms).unwrap_or_default());
}

#[track_caller]
fn check_readable(text: &str, expected: Expect) {
    let format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";
    check_licences(&format!("{format}\n{text}"), expected);
}

#[test]
fn licences_are_read_from_copyright_files() {
    check_readable("License: Expat\nLicense: GPL-2+\n text\n", expect!["GPL-2.0-or-later AND MIT"]);
    check_readable(
        "License: GPL-2.0+ or Artistic, and own\n",
        expect!["(GPL-2.0-or-later OR Artistic-1.0-Perl) AND LicenseRef-own"],
    );
    check_readable(
        "License: GPL-1+ or Artistic\nLicense: Expat\n",
        expect!["(GPL-1.0-or-later OR Artistic-1.0-Perl) AND MIT"],
    );
    check_readable(
        "License: GPL-1+ or Artistic\n",
        expect!["GPL-1.0-or-later OR Artistic-1.0-Perl"],
    );
    check_readable(
        "License: Apache-2.0 or ISC and zlib\n",
        expect!["Apache-2.0 OR (ISC AND Zlib)"],
    );
    check_readable("License: X11 and Expat, or ISC\n", expect!["(X11 AND MIT) OR ISC"]);
    check_readable("License: GPL-3+ with autoconf exception\n", expect!["GPL-3.0-or-later"]);
    check_readable("License: , or and \nLicense:\n", expect!["LicenseRef-and"]);
}

#[test]
fn copyright_files_for_people_point_to_texts() {
    check_licences(
        "the text is `/usr/share/common-licenses/GPL-3', and\n/usr/share/common-licenses/Apache-2.0.\n\
         All are in /usr/share/common-licenses/ .",
        expect!["Apache-2.0 AND LicenseRef-GPL-3"],
    );
    check_licences("License: MIT\n", expect![""]);
}

fn inventory() -> Inventory {
    let base = Package { layers: vec![0], ..debian("base", "1", None) };
    let app = Package {
        depends: vec![0],
        layers: vec![0, 1],
        licences: vec![
            Terms::One(Licence::Spdx("MIT")),
            Terms::One(Licence::Named("own words".to_owned())),
        ],
        ..debian("app", "2", None)
    };
    let layers = vec![format!("sha256:{:064}", 1), format!("sha256:{:064}", 2)];
    Inventory {
        name: "shop:1".to_owned(),
        time: Timestamp(86_400),
        layers,
        packages: vec![base, app],
    }
}

#[test]
fn spdx_says_what_holds_and_needs_what() {
    let text = spdx(&inventory());
    assert_eq!(text, spdx(&inventory()));
    let value: Value = serde_json::from_slice(&text).unwrap();
    let mut shown = String::new();
    for relation in value["relationships"].as_array().unwrap() {
        let part =
            |key: &str| relation[key].as_str().unwrap().trim_start_matches("SPDXRef-").to_owned();
        shown.extend([format!(
            "{} {} {}\n",
            part("spdxElementId"),
            part("relationshipType"),
            part("relatedSpdxElement")
        )]);
    }
    expect![[r#"
        DOCUMENT DESCRIBES image
        image CONTAINS layer-1
        image CONTAINS layer-2
        image CONTAINS package-1
        layer-1 CONTAINS package-1
        image CONTAINS package-2
        layer-1 CONTAINS package-2
        layer-2 CONTAINS package-2
        package-2 DEPENDS_ON package-1
    "#]]
    .assert_eq(&shown);
    assert_eq!(value["packages"][4]["licenseDeclared"], "LicenseRef-own-words AND MIT");
    assert_eq!(value["creationInfo"]["created"], "1970-01-02T00:00:00Z");
}

#[test]
fn cyclonedx_lists_components_and_dependencies() {
    let text = cyclonedx(&inventory());
    assert_eq!(text, cyclonedx(&inventory()));
    let value: Value = serde_json::from_slice(&text).unwrap();
    expect![[r#"{"dependsOn":["package-1"],"ref":"package-2"}"#]]
        .assert_eq(&value["dependencies"][2].to_string());
    assert_eq!(value["components"][1]["licenses"][1]["license"]["name"], "own words");
    assert_eq!(value["components"][1]["properties"].as_array().unwrap().len(), 2);
}
