//! Any backup: refused with nothing touched, or put back as its manifest says, with nothing lost.
//!
//! What begins as gzip does is taken as it is. Anything else says what is to be packed, with right
//! sizes and digests, a line each: `TYPE MODE NAME CONTENT`, of which `-` before it leaves out the
//! file, `+` the manifest's word of it, and `~` makes the two differ. A first line `replace` has
//! something in its place before.
#![no_main]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use ring::digest::{SHA256, digest};
use tar::{Builder, Header};
use tempfile::TempDir;
use trackless::backup::{Manifest, Piece, Target, look, restore};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const REPLACE: &[u8] = b"replace\n";

fuzz_target!(|input: &[u8]| {
    let root = TempDir::new().expect("a folder");
    let [file, home] = ["backup.tgz", "home"].map(|name| root.path().join(name));
    let (settings, data) = (home.join("own.yaml"), home.join("data"));
    let (replace, input) = input.strip_prefix(REPLACE).map_or((false, input), |rest| (true, rest));
    let packed = if input.starts_with(&GZIP) { input.to_vec() } else { pack(input) };
    fs::write(&file, packed).expect("a file");
    fs::create_dir(&home).expect("a folder");
    if replace {
        fs::create_dir(&data).expect("a folder");
        for (path, text) in [(&settings, "before"), (&data.join("device.key"), "a key")] {
            fs::write(path, text).expect("a file");
        }
    }
    let mut before = pieces(&home);
    let looked = look(&file);
    let settings = matches!(&looked, Ok((_, Some(_)))).then_some(settings.as_path());
    match restore(&file, &Target { settings, data: &data, replace }) {
        Err(_) if replace => assert_eq!(pieces(&home), before),
        Err(_) => assert_eq!(fs::read_dir(&home).expect("a folder").count(), 0),
        Ok(restored) => {
            let (manifest, _) = looked.expect("what is put back can be looked at");
            assert_eq!(restored.manifest, manifest);
            before.extend(manifest.files.into_iter().map(|piece| (piece.bytes, piece.digest)));
            before.sort_unstable();
            assert_eq!(pieces(&home), before);
        }
    }
    assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 2, "nothing beside");
});

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Sizes and digests of all files below `folder`, in order.
fn pieces(folder: &Path) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            found.extend(pieces(&entry.path()));
        } else {
            assert!(kind.is_file(), "{entry:?}");
            let bytes = fs::read(entry.path()).expect("a file");
            found.push((bytes.len() as u64, hex(&bytes)));
        }
    }
    found.sort_unstable();
    found
}

fn pack(input: &[u8]) -> Vec<u8> {
    let mut files = Vec::new();
    let mut entries = Vec::new();
    for line in input.split(|octet| *octet == b'\n') {
        let (mark, line) = match line.split_first() {
            Some((mark @ (b'-' | b'+' | b'~'), line)) => (*mark, line),
            _ => (b' ', line),
        };
        let parts: Vec<&[u8]> = line.splitn(4, |octet| *octet == b' ').collect();
        let [kind, mode, name, content] = parts[..] else { continue };
        if mark != b'+' {
            let name = String::from_utf8_lossy(name).into_owned();
            files.push(Piece { name, bytes: content.len() as u64, digest: hex(content) });
        }
        if mark != b'-' {
            let kind = kind.first().copied().unwrap_or(b'0');
            let content = if mark == b'~' { &content[1.min(content.len())..] } else { content };
            entries.push((kind, mode, name, content));
        }
    }
    let manifest = Manifest { format: 1, version: "0".to_owned(), made: 0, secrets: false, files };
    let manifest = serde_json::to_vec(&manifest).expect("a manifest");
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    append(&mut tar, (b'0', b"600", b"manifest.json", &manifest));
    entries.into_iter().for_each(|entry| append(&mut tar, entry));
    tar.into_inner().and_then(GzEncoder::finish).expect("memory can be written to")
}

fn append(tar: &mut Builder<impl std::io::Write>, entry: (u8, &[u8], &[u8], &[u8])) {
    let (kind, mode, name, content) = entry;
    let mut header = Header::new_ustar();
    header.set_size(content.len() as u64);
    let fields = header.as_old_mut();
    for (field, value) in [(&mut fields.name[..], name), (&mut fields.mode[..], mode)] {
        let _ = (&mut *field).write(value);
    }
    fields.linkname[..11].copy_from_slice(b"/etc/passwd");
    fields.linkflag[0] = kind;
    header.set_cksum();
    tar.append(&header, content).expect("memory can be written to");
}
