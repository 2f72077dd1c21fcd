//! Backups of a server that runs, and what comes of them elsewhere.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;
use tempfile::TempDir;

use super::house::{Server, order};
use super::{ask, said, upstream};

/// All octets of a backup, unpacked but in one piece.
fn octets(file: &Path) -> Vec<u8> {
    let mut octets = Vec::new();
    GzDecoder::new(fs::File::open(file).unwrap()).read_to_end(&mut octets).unwrap();
    octets
}

fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

/// All long texts in `value`: hashes, and what else lets somebody in.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() > 20 => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(values) => values.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// Companies and devices, as `report` has them.
fn report(data: &Path) -> String {
    let text = order(data, &["report"]);
    assert!(text.contains("Google"), "{text}");
    text
}

#[test]
fn what_was_backed_up_while_it_was_counted_is_there_elsewhere() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("own")).unwrap();
    fs::write(folder.path().join("own/ads.txt"), "by-list.example\n").unwrap();
    let settings = format!(
        "# my own words\nupstream: {}\nlists: [{{ name: own, file: own/ads.txt }}]",
        upstream.url()
    );
    let server = Server::start_in(folder, &settings);
    ask(&server, 1, "www.doubleclick.net");
    ask(&server, 2, "connect.facebook.net");
    let data = server.path("data");
    order(&data, &["devices", "name", "127.0.0.1", "tv"]);
    order(&data, &["button", "off", "--device", "tv"]);
    let back = |words: &[&str]| said(server.folder.path(), words);
    let (done, text) = back(&["backup", "b.tgz", "--config", "trackless.yaml", "--with-secrets"]);
    assert!(done && text.contains("data/trackless.db ("), "{text}");
    let file = server.path("b.tgz");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!data.join("backup.draft").exists());
    let (done, text) = back(&["backup", "b.tgz", "--config", "trackless.yaml"]);
    assert!(!done && text.contains("there already; give another name"), "{text}");
    let (done, text) = back(&["restore", "b.tgz", "--config", "trackless.yaml", "--replace"]);
    assert!(!done && text.contains("a server runs with the data folder"), "{text}");
    let (before, given) = (report(&data), server.config());

    let elsewhere = TempDir::new().unwrap();
    let file = file.to_str().unwrap();
    let (done, text) = said(elsewhere.path(), &["restore", file]);
    assert!(!done && text.contains("say where they go by --config FILE"), "{text}");
    let (done, text) = said(elsewhere.path(), &["restore", file, "--config", "trackless.yaml"]);
    assert!(done && text.contains(" are back") && !text.contains("no secrets"), "{text}");
    assert_eq!(fs::read_to_string(elsewhere.path().join("trackless.yaml")).unwrap(), given);
    let list = fs::read_to_string(elsewhere.path().join("own/ads.txt")).unwrap();
    assert_eq!(list, "by-list.example\n");
    let key = |data: &Path| fs::read(data.join("device.key")).unwrap();
    assert_eq!(key(&elsewhere.path().join("data")), key(&data));
    drop(server);
    let other = Server::start_in(elsewhere, &settings);
    let data = other.path("data");
    assert_eq!(report(&data), before);
    ask(&other, 1, "www.example.org");
    let devices = order(&data, &["devices", "list"]);
    assert!(devices.contains("tv: 1 queries"), "the key of before knows it again: {devices}");
    drop(other);
}

#[test]
fn nothing_that_lets_others_in_is_in_a_backup_unless_that_is_wanted() {
    let upstream = upstream();
    let settings = format!(
        "upstream: {}\nstats: {{ level: full }}\n\
         alerts: {{ webhook: 'http://me:planted-password@127.0.0.1:9/x' }}",
        upstream.url()
    );
    let server = Server::start(&settings);
    let data = server.path("data");
    let owner = server.set_up();
    let token = owner.post("/api/v1/tokens", r#"{"name":"planted","scope":"read"}"#).json();
    order(&data, &["config", "set", "metrics.token", "planted-0123456789"]);
    ask(&server, 1, "planted-name.example");
    ask(&server, 1, "www.doubleclick.net");
    let make = |name: &str, more: &[&str]| {
        let words = [&["backup", name, "--config", "trackless.yaml"], more].concat();
        let (done, text) = said(server.folder.path(), &words);
        assert!(done, "{text}");
        (octets(&server.path(name)), text)
    };
    let mut secrets = vec![
        fs::read(data.join("device.key")).unwrap(),
        b"planted-password".to_vec(),
        b"planted-0123456789".to_vec(),
    ];
    let account = serde_json::from_slice(&fs::read(data.join("account.json")).unwrap()).unwrap();
    let mut hashes = Vec::new();
    texts(&account, &mut hashes);
    assert!(hashes.len() >= 3, "a password, a session, a token: {account}");
    secrets.extend(hashes.into_iter().map(String::into_bytes));
    let (all, _) = make("all.tgz", &["--with-secrets", "--with-queries"]);
    for secret in &secrets {
        assert!(holds(&all, secret), "or nothing is shown: {}", String::from_utf8_lossy(secret));
    }
    assert!(holds(&all, b"planted-name"));
    let (clean, text) = make("clean.tgz", &[]);
    for secret in &secrets {
        assert!(!holds(&clean, secret), "{}", String::from_utf8_lossy(secret));
    }
    for text in texts_of(&token) {
        assert!(!holds(&all, text.as_bytes()), "a token is kept nowhere");
    }
    assert!(!holds(&clean, b"planted-name"), "the log of queries is not in it");
    assert!(text.contains("not in it: the key of the devices' names"), "{text}");
    assert!(text.contains("not in it: alerts.webhook of the settings: a secret"), "{text}");

    let elsewhere = TempDir::new().unwrap();
    let file = server.path("clean.tgz");
    let words = ["restore", file.to_str().unwrap(), "--config", "trackless.yaml"];
    let (done, text) = said(elsewhere.path(), &words);
    assert!(done && text.contains("there were no secrets in it"), "{text}");
    assert!(!elsewhere.path().join("data/device.key").exists());
    let shown = order(
        &elsewhere.path().join("data"),
        &["config", "show", "--config", elsewhere.path().join("trackless.yaml").to_str().unwrap()],
    );
    assert!(shown.contains("  token:\n") && shown.contains("  webhook:\n"), "{shown}");
}

fn texts_of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    texts(value, &mut found);
    assert!(!found.is_empty(), "{value}");
    found
}

#[test]
fn what_is_there_is_put_aside_only_where_that_is_wanted() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    ask(&server, 1, "www.doubleclick.net");
    let folder = server.folder.path();
    let (done, text) = said(folder, &["backup", "b.tgz", "--config", "trackless.yaml"]);
    assert!(done, "{text}");
    // What was kept and set after the backup.
    ask(&server, 1, "connect.facebook.net");
    assert!(report(&server.path("data")).contains("Meta"));
    server.signal("-KILL");
    let words = ["restore", "b.tgz", "--config", "trackless.yaml"];
    let (done, text) = wait_restored(folder, &words);
    assert!(!done && text.contains("there already: trackless.yaml, "), "{text}");
    fs::write(folder.join("trackless.yaml"), "# changed\n").unwrap();
    let journal = folder.join("data/trackless.db-wal");
    assert!(journal.exists(), "a server that was killed leaves one");
    let (done, text) = said(folder, &[words.as_slice(), &["--replace", "--data", "data"]].concat());
    assert!(done && text.contains("what was there before is in data/before-restore-"), "{text}");
    assert!(!journal.exists(), "it would be taken for the restored file's");
    let entries = fs::read_dir(folder.join("data")).unwrap().flatten();
    let aside: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("before-restore-"))
        .collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert_eq!(fs::read_to_string(aside.join("config/trackless.yaml")).unwrap(), "# changed\n");
    assert!(
        aside.join("data/trackless.db").exists() && aside.join("data/trackless.db-wal").exists()
    );
    assert!(!folder.join("data/restore.draft").exists());
    let text = report(&folder.join("data"));
    assert!(!text.contains("Meta"), "as it was when the backup was made: {text}");
}

/// Restores once the killed server's socket is closed.
fn wait_restored(folder: &Path, words: &[&str]) -> (bool, String) {
    let start = std::time::Instant::now();
    loop {
        let (done, text) = said(folder, words);
        if !text.contains("a server runs") {
            return (done, text);
        }
        assert!(start.elapsed() < super::house::PATIENCE, "{text}");
    }
}
