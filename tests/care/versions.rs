//! What other versions of Trackless have left behind.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::house::{Server, order};
use super::{ask, said, upstream};

/// A store of version `version`, as the first one laid it out.
fn store(folder: &Path, version: i64) -> Connection {
    let data = folder.join("data");
    fs::create_dir_all(&data).unwrap();
    let connection = Connection::open(data.join("trackless.db")).unwrap();
    let first = "
        CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE change (
            at INTEGER NOT NULL, way TEXT NOT NULL, scope TEXT NOT NULL, what TEXT NOT NULL
        ) STRICT;
        CREATE INDEX change_at ON change (at);
        INSERT INTO change VALUES (1795392000, 'command', 'house', 'of-long-ago');";
    connection.execute_batch(first).unwrap();
    connection.pragma_update(None, "user_version", version).unwrap();
    connection
}

#[test]
fn a_newer_store_is_told_and_not_touched() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    drop(store(folder.path(), 99));
    let path = folder.path().join("data/trackless.db");
    let before = fs::read(&path).unwrap();
    let mut server = Server::start_in(folder, &format!("upstream: {}", upstream.url()));
    assert!(
        server.log.contains("made by a newer version (99), this one reads up to "),
        "{}",
        server.log
    );
    ask(&server, 1, "www.doubleclick.net");
    let (done, text) = said(server.folder.path(), &["doctor", "--config", "trackless.yaml"]);
    assert!(!done && text.contains("made by a newer version (99)"), "{text}");
    server.signal("-TERM");
    assert!(server.wait().success());
    let path = server.path("data/trackless.db");
    assert_eq!(fs::read(path).unwrap(), before);
    assert!(!server.path("data/trackless.db-wal").exists());
}

#[test]
fn an_older_store_is_copied_before_it_is_laid_out_anew() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    drop(store(folder.path(), 1));
    let server = Server::start_in(folder, &format!("upstream: {}", upstream.url()));
    ask(&server, 1, "www.doubleclick.net");
    let data = server.path("data");
    assert!(order(&data, &["report"]).contains("Google"), "the new one counts");
    assert!(order(&data, &["button", "history"]).contains("of-long-ago"));
    let copies: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_str().unwrap().contains("trackless.db.before-v"))
        .collect();
    let [copy] = copies.as_slice() else { panic!("{copies:?}") };
    let old = Connection::open(copy).unwrap();
    let version: i64 = old.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let what: String = old.query_row("SELECT what FROM change", [], |row| row.get(0)).unwrap();
    assert_eq!((version, what.as_str()), (1, "of-long-ago"));
    order(&data, &["forget"]);
    assert!(!copy.exists(), "what is forgotten is in no copy");
}

#[test]
fn settings_of_a_newer_version_are_told_in_one_line() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("x.yaml"), "version: 2\nof_tomorrow: 1\n").unwrap();
    let (done, text) = said(folder.path(), &["config", "check", "x.yaml"]);
    assert!(!done && text.lines().count() == 1, "{text}");
    assert!(
        text.starts_with(
            "x.yaml:1:10: version: made for a newer version (2), this one reads up to 1"
        )
    );
    fs::write(folder.path().join("x.yaml"), "version: 1\nlevel: strict\n").unwrap();
    assert!(said(folder.path(), &["config", "check", "x.yaml"]).0);
}
