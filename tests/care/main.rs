//! Looking after a server: what `doctor` finds, what is backed up and restored, what older and newer
//! versions have left, and what `install` puts where.

mod backups;
mod hostile;
#[path = "../house/mod.rs"]
mod house;
mod installs;
mod versions;

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use house::dns::{A, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, run};
use tempfile::TempDir;

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn ask(server: &Server, from: u8, name: &str) {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)));
}

/// A command in `folder`: whether it went well, and all it said.
fn said(folder: &Path, words: &[&str]) -> (bool, String) {
    let (done, out, error) = run(words, folder, "");
    (done, out + &error)
}

/// What `doctor` says of settings, in a folder of their own.
fn doctor(settings: &str, words: &[&str]) -> (bool, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("x.yaml"), settings).unwrap();
    said(folder.path(), &[&["doctor", "--config", "x.yaml"], words].concat())
}

fn has(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.starts_with(start))
}

#[test]
fn a_healthy_server_has_nothing_wrong() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}\nlists: []", upstream.url()));
    ask(&server, 1, "www.example.org");
    let (done, text) = said(server.folder.path(), &["doctor", "--config", "trackless.yaml"]);
    assert!(done && !has(&text, "wrong:"), "{text}");
    for check in
        ["settings", "clock", "server", "folder", "secrets", "store", "lists", "history", "devices"]
    {
        assert!(has(&text, &format!("ok: {check}: ")), "{check}: {text}");
    }
    assert!(has(&text, &format!("ok: upstream: {} answers", upstream.url())), "{text}");
    let names: Vec<_> = fs::read_dir(server.path("data")).unwrap().flatten().collect();
    assert!(!names.iter().any(|entry| entry.file_name().to_string_lossy().contains("doctor")));
    let (done, lines) =
        said(server.folder.path(), &["doctor", "--json", "--config", "trackless.yaml"]);
    let findings =
        lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert!(done && findings.clone().count() == text.lines().count());
    assert!(
        findings.clone().all(|one| one["mend"].is_string() == (one["state"] != "ok")),
        "{lines}"
    );
}

#[test]
fn a_port_that_another_program_holds_is_told_with_its_name() {
    let upstream = upstream();
    let held = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let settings = format!("listen: {address}\nweb: off\ndata: data\nupstream: {}", upstream.url());
    let (done, text) = doctor(&settings, &[]);
    let start = format!("wrong: port: {address} (UDP) is held by ");
    let line = text.lines().find(|line| line.starts_with(&start)).expect(&text);
    assert!(
        !done && line.contains(&format!("(process {}) – stop it", std::process::id())),
        "{line}"
    );
    assert!(has(&text, &format!("ok: port: {address} (TCP) is free")), "{text}");
    drop(held);
    let (done, text) = doctor(&settings, &[]);
    assert!(done && has(&text, &format!("ok: port: {address} (UDP) is free")), "{text}");
    assert!(has(&text, "warning: folder: ") && has(&text, "ok: upstream: "), "{text}");
}

#[test]
fn broken_settings_are_told_by_line() {
    let (done, text) = doctor("level: sttrict\nlisen: x", &[]);
    assert!(!done && has(&text, "wrong: settings: x.yaml:1:8: "), "{text}");
    assert!(has(&text, "wrong: settings: x.yaml:2:1: ") && text.contains("did you mean `strict`"));
    assert!(has(&text, "ok: clock: "), "what needs no settings is looked at: {text}");
}

#[test]
fn a_folder_that_is_read_only_or_open_to_others_and_a_damaged_store_are_told() {
    let upstream = upstream();
    let of = |data: &Path| {
        let (url, data) = (upstream.url(), data.display());
        doctor(&format!("listen: 127.0.0.1:0\nweb: off\ndata: {data}\nupstream: {url}"), &[])
    };
    // Nobody may write there, not even root; others are told that it is not theirs.
    let (done, text) = of(Path::new("/sys"));
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let wanted =
        if is_root { "wrong: folder: /sys cannot" } else { "warning: folder: /sys is another" };
    assert!(done != is_root && has(&text, wanted), "{text}");
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(data.join("device.key"), [7; 32]).unwrap();
    fs::set_permissions(data.join("device.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(data.join("trackless.db"), "no database at all, and that for long: ".repeat(9))
        .unwrap();
    fs::set_permissions(data.join("trackless.db"), fs::Permissions::from_mode(0o600)).unwrap();
    let (done, text) = of(&data);
    let key = data.join("device.key").display().to_string();
    assert!(!done && has(&text, &format!("wrong: secrets: {key} ")), "{text}");
    assert!(text.contains(&format!("`chmod 600 {key}`")) && has(&text, "wrong: store: "), "{text}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(data.join("trackless.db")).unwrap();
    let (done, text) = of(&data);
    assert!(done && has(&text, "ok: secrets: "), "{text}");
}

#[test]
fn upstreams_and_lists_that_are_gone_are_told() {
    // A port that was free a moment ago, and that nobody answers at.
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = nobody.local_addr().unwrap();
    let settings = format!(
        "listen: 127.0.0.1:0\nweb: off\ndata: data\nlists: [{{ name: mine, file: /nowhere/ads.txt }}]\n\
         upstream: udp://{silent}"
    );
    let (done, text) = doctor(&settings, &[]);
    assert!(!done && has(&text, &format!("wrong: upstream: udp://{silent}: ")), "{text}");
    assert!(has(&text, "warning: lists: mine: /nowhere/ads.txt: "), "{text}");
    let well = upstream();
    let both = format!("{settings}\n").replace(
        &format!("upstream: udp://{silent}"),
        &format!("upstream: [udp://{silent}, {}]", well.url()),
    );
    let (done, text) = doctor(&both, &[]);
    assert!(done && has(&text, &format!("warning: upstream: udp://{silent}: ")), "{text}");
}
