//! What a user may name in a store.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use expect_test::{Expect, expect};
use frazil_model::StoreDir;

use super::{Access, AddOptions, Source, Store, StorePlace, locate, open, parse_path};

/// A store with two paths, and links to them in a directory beside it.
struct Site {
    directory: tempfile::TempDir,
    store: Store,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let place = StorePlace { root: at("root"), state: None, store_dir: StoreDir::default() };
        let store = open(&place, Access::Write).unwrap();
        fs::create_dir_all(at("lib")).unwrap();
        fs::write(at("lib/text"), "library").unwrap();
        let lib = Self::add(&store, "lib", &at("lib"));
        fs::create_dir_all(at("app/bin")).unwrap();
        fs::write(at("app/bin/x"), "program").unwrap();
        symlink(&lib, at("app/lib")).unwrap();
        symlink("bin/x", at("app/start")).unwrap();
        symlink("/nowhere", at("app/out")).unwrap();
        let app = Self::add(&store, "app", &at("app"));
        let real = at("root").join(app.trim_start_matches('/'));
        symlink(&app, at("result")).unwrap();
        symlink(&real, at("real")).unwrap();
        symlink("result/bin", at("bin")).unwrap();
        symlink(real.join("bin/x"), at("x")).unwrap();
        symlink("loop", at("loop")).unwrap();
        Self { directory, store }
    }

    fn add(store: &Store, name: &str, tree: &Path) -> String {
        let name = name.parse().unwrap();
        let info = store.add(&name, Source::Disk(tree), &AddOptions::default()).unwrap();
        store.store_dir().join(&info.path)
    }

    #[track_caller]
    fn check(&self, text: &str, expected: Expect) {
        let root = self.directory.path().join("root").display().to_string();
        let text = text.replace("ROOT", &root);
        let found = locate(&self.store, &text, self.directory.path());
        let shown = match found {
            Ok(place) => place.display().to_string().replace(&root, ""),
            Err(error) => error.to_string(),
        };
        let paths = self.store.valid_paths().unwrap();
        let hide = |text: String, path: &frazil_model::StorePath| {
            text.replace(path.digest(), &path.name().to_uppercase())
        };
        expected.assert_eq(&paths.iter().fold(shown, hide));
    }

    fn app(&self) -> String {
        let path = parse_path(&self.store, "result", self.directory.path()).unwrap();
        self.store.store_dir().join(&path)
    }
}

#[test]
fn links_lead_into_store_paths() {
    let site = Site::new();
    let app = site.app();
    site.check("result", expect!["/nix/store/APP-app"]);
    site.check("result/bin/x", expect!["/nix/store/APP-app/bin/x"]);
    site.check("real/bin/../bin/x", expect!["/nix/store/APP-app/bin/x"]);
    site.check("bin", expect!["/nix/store/APP-app/bin"]);
    site.check("bin/x", expect!["/nix/store/APP-app/bin/x"]);
    site.check("x", expect!["/nix/store/APP-app/bin/x"]);
    site.check(&app, expect!["/nix/store/APP-app"]);
    site.check(&format!("{app}/bin/"), expect!["/nix/store/APP-app/bin"]);
    site.check(&format!("ROOT{app}/bin"), expect!["/nix/store/APP-app/bin"]);
    // A link in a store path is what is named, but is followed where more is named behind it.
    site.check("result/lib", expect!["/nix/store/APP-app/lib"]);
    site.check("result/lib/text", expect!["/nix/store/LIB-lib/text"]);
    site.check("result/start", expect!["/nix/store/APP-app/start"]);
    site.check("result/lib/../bin", expect!["'bin' is too short to be a valid store path"]);
}

#[test]
fn what_is_not_in_a_store() {
    let site = Site::new();
    site.check("result/absent", expect!["path 'result/absent' does not exist"]);
    site.check("result/bin/x/y", expect!["path 'result/bin/x/y' does not exist"]);
    site.check("result/out/y", expect!["'result/out/y' is too short to be a valid store path"]);
    site.check("loop", expect!["too many links lead to 'loop'"]);
    site.check("absent", expect!["'absent' is too short to be a valid store path"]);
    site.check("/nix/store", expect!["'' is too short to be a valid store path"]);
    site.check(
        "/nix/store/11111111111111111111111111111111-gone/x",
        expect!["path '/nix/store/11111111111111111111111111111111-gone' is not valid"],
    );
}
