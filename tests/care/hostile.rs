//! Backups that somebody has made up: refused as a whole, with nothing left of them anywhere.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::said;

/// An entry: its name, kind, size as its header has it, and octets.
struct Entry {
    name: &'static str,
    kind: EntryType,
    size: u64,
    octets: Vec<u8>,
}

fn file(name: &'static str, octets: &[u8]) -> Entry {
    Entry { name, kind: EntryType::Regular, size: octets.len() as u64, octets: octets.to_vec() }
}

/// What a manifest says of a file.
fn piece(name: &str, octets: &[u8]) -> Value {
    let digest: String =
        digest(&SHA256, octets).as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    json!({ "name": name, "bytes": octets.len(), "digest": digest })
}

fn manifest(files: &[Value]) -> Vec<u8> {
    let text = json!({ "format": 1, "version": "0", "made": 1, "secrets": false, "files": files });
    serde_json::to_vec(&text).unwrap()
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for Entry { name, kind, size, octets } in entries {
        let mut header = Header::new_ustar();
        // Written as it is: a library would not let us.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o600);
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, octets.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// All that is below `folder`.
fn all(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        found.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            found.extend(all(&entry.path()));
        }
    }
    found.sort();
    found
}

/// What is said of a backup, which must be refused and leave nothing behind.
fn refused(backup: &[u8]) -> String {
    refused_to("new/x.yaml", "new-data", backup)
}

fn refused_to(config: &str, data: &str, backup: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("a/b");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("b.tgz"), backup).unwrap();
    let before = all(folder.path());
    let words = ["restore", "b.tgz", "--config", config, "--data", data];
    let (done, text) = said(&place, &words);
    assert!(!done, "{text}");
    assert_eq!(all(folder.path()), before, "{text}");
    text
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in
        ["../x", "config/../../x", "/tmp/trackless-x", "data/../x", "data/control.sock", "x"]
    {
        let files = [piece(name, b"x")];
        let text = refused(&archive(&[file("manifest.json", &manifest(&files))]));
        assert!(text.contains("has no place in a backup"), "{name}: {text}");
        // What the manifest does not say may not be there.
        let name: &'static str = name;
        let text = refused(&archive(&[file("manifest.json", &manifest(&[])), file(name, b"x")]));
        assert!(text.contains("more in it than its manifest says"), "{name}: {text}");
    }
    let files = [piece("data/device.key", b"x"), piece("data/device.key", b"x")];
    let text = refused(&archive(&[file("manifest.json", &manifest(&files))]));
    assert!(text.contains("has no place in a backup"), "twice: {text}");
}

#[test]
fn files_that_would_go_to_one_place_are_refused() {
    // The settings are to be `new/x.yaml`, the data folder `new-data`.
    for (config, data) in [("new/x.yaml", "new-data"), ("x.yaml", "data")] {
        let settings = ("config/trackless.yaml", "{}");
        let other = match data {
            "data" => [("config/data/device.key", "y"), ("data/device.key", "z")],
            _ => [("config/x.yaml", "y"), ("data/device.key", "z")],
        };
        let files: Vec<_> = [settings].into_iter().chain(other).collect();
        let pieces: Vec<_> =
            files.iter().map(|(name, text)| piece(name, text.as_bytes())).collect();
        let mut entries = vec![file("manifest.json", &manifest(&pieces))];
        entries.extend(files.iter().map(|(name, text)| file(name, text.as_bytes())));
        let text = refused_to(config, data, &archive(&entries));
        assert!(text.contains("has no place of its own"), "{text}");
    }
}

#[test]
fn links_and_what_is_not_as_said_are_refused() {
    let key = "data/device.key";
    let first = |octets: &[u8]| file("manifest.json", &manifest(&[piece(key, octets)]));
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Char,
        EntryType::Fifo,
    ] {
        let entry = Entry { name: key, kind, size: 0, octets: Vec::new() };
        let text = refused(&archive(&[first(b""), entry]));
        assert!(text.contains("is no file, but a link or something else"), "{kind:?}: {text}");
    }
    // An entry that only gives the next one another name.
    let entry = Entry {
        name: "././@LongLink",
        kind: EntryType::GNULongName,
        size: 5,
        octets: b"../x\0".to_vec(),
    };
    let text = refused(&archive(&[first(b"x"), entry, file(key, b"x")]));
    assert!(text.contains("is not where the manifest says"), "{text}");
    let text = refused(&archive(&[first(b"abc"), file(key, b"abd")]));
    assert!(text.contains("damaged or changed"), "{text}");
    let text = refused(&archive(&[first(b"abc"), file(key, b"ab")]));
    assert!(text.contains("not as large as"), "{text}");
    let text = refused(&archive(&[first(b"abc")]));
    assert!(text.contains("is missing"), "{text}");
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let key = "data/trackless.db";
    let mut huge = piece(key, b"x");
    huge["bytes"] = json!(1_u64 << 50);
    let manifest_of = |piece: &Value| file("manifest.json", &manifest(std::slice::from_ref(piece)));
    let claims =
        || Entry { name: key, kind: EntryType::Regular, size: 1 << 32, octets: b"x".to_vec() };
    let text = refused(&archive(&[manifest_of(&huge), claims()]));
    assert!(text.contains("it would take more than 64 GiB"), "{text}");
    huge["bytes"] = json!(u64::MAX);
    assert!(refused(&archive(&[manifest_of(&huge), manifest_of(&huge)])).contains("64 GiB"));
    let text = refused(&archive(&[manifest_of(&piece(key, b"x")), claims()]));
    assert!(text.contains("not as large as"), "{text}");
    // Packed so well that it would fill a disk; the manifest is read up to its bound.
    let bomb = file("manifest.json", &vec![b' '; 64 << 20]);
    assert!(refused(&archive(&[bomb])).contains("manifest cannot be read"));
    let many: Vec<_> = (0..2_000).map(|n| piece(&format!("config/{n}"), b"")).collect();
    assert!(
        refused(&archive(&[file("manifest.json", &manifest(&many))])).contains("too many files")
    );
}

#[test]
fn what_is_no_backup_or_of_no_use_is_refused() {
    assert!(refused(b"no archive at all").contains("no backup of Trackless, or damaged"));
    assert!(refused(&archive(&[])).contains("there is nothing in it"));
    assert!(refused(&archive(&[file("x", b"x")])).contains("does not begin with a manifest"));
    let newer = json!({ "format": 2, "of": "tomorrow" });
    let text = refused(&archive(&[file("manifest.json", &serde_json::to_vec(&newer).unwrap())]));
    assert!(text.contains("made by a newer version (2), this one reads up to 1"), "{text}");
    let settings = b"level: sttrict";
    let of = |name: &'static str, octets: &[u8]| {
        archive(&[file("manifest.json", &manifest(&[piece(name, octets)])), file(name, octets)])
    };
    let text = refused(&of("config/trackless.yaml", settings));
    assert!(text.contains("new/x.yaml:1:8: ") && text.contains("did you mean `strict`"), "{text}");
    let text = refused(&of("data/trackless.db", &b"no database at all, and for long ".repeat(99)));
    assert!(text.contains("trackless.db") && text.contains("nothing was touched"), "{text}");
    let text = refused(&of("config/own.txt", b"x"));
    assert!(text.contains("files of settings, and no settings"), "{text}");
    // Cut anywhere, it is refused; whole, it is not.
    let key = [7; 32];
    let whole = of("data/device.key", &key);
    for end in [1, whole.len() / 2, whole.len() - 12] {
        refused(&whole[..end]);
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("b.tgz"), &whole).unwrap();
    let (done, text) = said(folder.path(), &["restore", "b.tgz", "--data", "new"]);
    assert!(done, "{text}");
    assert_eq!(fs::read(folder.path().join("new/device.key")).unwrap(), key);
}

#[test]
fn what_cannot_be_put_back_as_a_whole_is_not_put_back_at_all() {
    let folder = TempDir::new().unwrap();
    let (settings, list) = (b"level: strict".as_slice(), b"ads.example".as_slice());
    let files = [piece("config/trackless.yaml", settings), piece("config/own/ads.txt", list)];
    let backup = archive(&[
        file("manifest.json", &manifest(&files)),
        file("config/trackless.yaml", settings),
        file("config/own/ads.txt", list),
    ]);
    fs::write(folder.path().join("b.tgz"), backup).unwrap();
    fs::write(folder.path().join("x.yaml"), "# of before").unwrap();
    // No folder, and nothing that would be written over either.
    fs::write(folder.path().join("own"), "a file").unwrap();
    let before = all(folder.path());
    let words = ["restore", "b.tgz", "--config", "x.yaml", "--data", "new", "--replace"];
    let (done, text) = said(folder.path(), &words);
    assert!(!done && text.contains("own/ads.txt: "), "{text}");
    assert_eq!(all(folder.path()), before);
    assert_eq!(fs::read(folder.path().join("x.yaml")).unwrap(), b"# of before");
    fs::remove_file(folder.path().join("own")).unwrap();
    let (done, text) = said(folder.path(), &words);
    assert!(done, "{text}");
    assert_eq!(fs::read(folder.path().join("own/ads.txt")).unwrap(), list);
}
