//! What `install` puts into a tree of files, and that `uninstall` takes away just that.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::house::{command, run};

const UNIT: &str = "etc/systemd/system/trackless.service";
const SETTINGS: &str = "etc/trackless/trackless.yaml";
const DROP_IN: &str = "etc/systemd/resolved.conf.d/trackless.conf";

/// A small machine with systemd-resolved.
fn machine() -> TempDir {
    let tree = TempDir::new().unwrap();
    for folder in ["etc/systemd/system", "usr/local/bin", "var/lib", "run/systemd/resolve"] {
        fs::create_dir_all(tree.path().join(folder)).unwrap();
    }
    fs::write(tree.path().join("etc/hostname"), "box\n").unwrap();
    fs::write(tree.path().join("usr/local/bin/other"), "of others").unwrap();
    symlink("../run/systemd/resolve/stub-resolv.conf", tree.path().join("etc/resolv.conf"))
        .unwrap();
    tree
}

/// All that is in a tree: by path its kind and mode, and what is in it.
fn listing(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let known = path.symlink_metadata().unwrap();
        let octets = if known.is_symlink() {
            fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if known.is_dir() {
            found.extend(listing(&path));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        found.insert(path.display().to_string(), (known.permissions().mode(), octets));
    }
    found
}

/// Runs `install` or `uninstall` in a tree, with `answer` to what it asks.
fn at(tree: &TempDir, words: &[&str], answer: &str) -> (bool, String) {
    let words = [words, &["--root", tree.path().to_str().unwrap()]].concat();
    let (done, out, error) = run(&words, Path::new("."), answer);
    (done, out + &error)
}

#[test]
fn what_is_installed_is_taken_away_again_to_the_last_byte() {
    let tree = machine();
    let before = listing(tree.path());
    let (done, text) = at(&tree, &["install", "--dry-run"], "");
    assert!(done && text.contains("write /usr/local/bin/trackless\n"), "{text}");
    assert_eq!(listing(tree.path()), before, "said, not done");
    let (done, text) = at(&tree, &["install"], "y\n");
    assert!(done && text.contains("systemd-resolved holds port 53"), "{text}");
    assert!(!text.contains("systemctl"), "a tree has no services: {text}");
    let path = |name: &str| tree.path().join(name);
    let program = fs::read(command(&[]).get_program()).unwrap();
    assert!(fs::read(path("usr/local/bin/trackless")).unwrap() == program);
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("usr/local/bin/trackless"), mode(UNIT), mode(SETTINGS)),
        (0o755, 0o644, 0o644)
    );
    let unit = fs::read_to_string(path(UNIT)).unwrap();
    assert!(unit.contains(
        "ExecStart=/usr/local/bin/trackless serve --config /etc/trackless/trackless.yaml"
    ));
    let settings = path(SETTINGS);
    let (done, _, error) =
        run(&["config", "check", settings.to_str().unwrap()], Path::new("."), "");
    assert!(done, "{error}");
    assert!(fs::read_to_string(path(DROP_IN)).unwrap().contains("DNSStubListener=no"));
    let link = fs::read_link(path("etc/resolv.conf")).unwrap();
    assert_eq!(link, Path::new("../run/systemd/resolve/resolv.conf"));
    let installed = listing(tree.path());
    let (done, text) = at(&tree, &["install", "--yes"], "");
    assert!(done && text.is_empty(), "all is there: {text}");
    assert_eq!(listing(tree.path()), installed);
    let (done, text) = at(&tree, &["uninstall"], "");
    assert!(done, "{text}");
    assert_eq!(listing(tree.path()), before);
    let (done, text) = at(&tree, &["uninstall"], "");
    assert!(!done && text.contains("nothing was put here"), "{text}");
}

#[test]
fn nobody_is_made_to_let_go_of_the_port_and_settings_are_never_written_over() {
    let tree = machine();
    let path = |name: &str| tree.path().join(name);
    fs::create_dir(path("etc/trackless")).unwrap();
    fs::write(path(SETTINGS), "level: strict\n").unwrap();
    let before = listing(tree.path());
    for answer in ["n\n", "\n", ""] {
        let (done, text) = at(&tree, &["install"], answer);
        assert!(done, "{text}");
        assert!(!path(DROP_IN).exists());
        let link = fs::read_link(path("etc/resolv.conf")).unwrap();
        assert_eq!(link, Path::new("../run/systemd/resolve/stub-resolv.conf"));
        assert_eq!(fs::read_to_string(path(SETTINGS)).unwrap(), "level: strict\n");
    }
    let (done, text) = at(&tree, &["uninstall", "--purge"], "");
    assert!(done, "{text}");
    assert_eq!(listing(tree.path()), before, "what was there before stays");
}

#[test]
fn what_others_have_put_there_stops_it_before_anything_is_done() {
    let tree = machine();
    fs::write(tree.path().join(UNIT), "[Service]\nExecStart=/opt/other\n").unwrap();
    let before = listing(tree.path());
    let (done, text) = at(&tree, &["install", "--yes"], "");
    assert!(!done && text.contains("/etc/systemd/system/trackless.service is there"), "{text}");
    assert_eq!(listing(tree.path()), before);
    let (done, text) = at(&tree, &["install", "--root", "/nowhere/at/all"], "");
    assert!(!done, "{text}");
}

#[test]
fn data_and_what_was_changed_stay_until_they_are_purged() {
    let tree = machine();
    let before = listing(tree.path());
    let path = |name: &str| tree.path().join(name);
    let install = || assert!(at(&tree, &["install", "--yes"], "").0);
    install();
    fs::write(path(SETTINGS), "level: strict\n").unwrap();
    fs::create_dir(path("var/lib/trackless")).unwrap();
    fs::write(path("var/lib/trackless/trackless.db"), "counts").unwrap();
    let (done, text) = at(&tree, &["uninstall"], "");
    assert!(
        done && text.contains("keep what was changed since")
            && text.contains("(--purge removes it)")
    );
    assert!(path(SETTINGS).exists() && path("var/lib/trackless/trackless.db").exists());
    assert!(!path("usr/local/bin/trackless").exists() && !path(UNIT).exists());
    fs::remove_file(path(SETTINGS)).unwrap();
    fs::remove_dir(path("etc/trackless")).unwrap();
    install();
    fs::write(path(SETTINGS), "level: strict\n").unwrap();
    let (done, text) = at(&tree, &["uninstall", "--purge"], "");
    assert!(done, "{text}");
    assert_eq!(listing(tree.path()), before);
}
