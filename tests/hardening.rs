//! What the server takes from itself once its doors are open: that it does, that it says what the
//! kernel has not, and that everything goes on.

mod house;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, order};
use landlock::{AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
use tempfile::TempDir;

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

/// Whether this kernel closes files, by asking for it without a way out.
fn has_landlock() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::Execute).is_ok()
}

/// Whether a filter is known for this processor.
fn has_seccomp() -> bool {
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
        && Path::new("/proc/sys/kernel/seccomp").exists()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// What the metric says of a part.
fn holds(server: &Server, part: &str) -> bool {
    let label = format!("{{part=\"{part}\"}}");
    let parts = server.metric("trackless_hardening_active");
    parts.iter().find(|(labels, _)| *labels == label).unwrap().1 == 1.0
}

/// The line that tells of it.
fn told(server: &Server) -> &str {
    server.log.lines().find(|line| line.contains("hardening: ")).unwrap()
}

/// The value of a field, of all threads.
fn of_all(server: &Server, field: &str) -> Vec<String> {
    let value = |status: &String| {
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
        line.unwrap_or_default().trim().to_owned()
    };
    let mut values: Vec<_> = server.statuses().iter().map(value).collect();
    assert!(values.len() > 4, "{values:?}");
    values.dedup();
    values
}

#[test]
fn every_thread_is_locked_in_and_the_log_and_a_metric_say_by_what() {
    let server = Server::start("upstream: udp://127.0.0.1:9\n");
    server.until("ready", |server| server.get("/readyz").0.contains("200"));
    if has_landlock() {
        assert!(told(&server).contains("landlock ABI "), "{}", told(&server));
    } else {
        println!("this kernel has no landlock");
        assert!(told(&server).contains("no landlock ("), "{}", told(&server));
    }
    assert_eq!(holds(&server, "landlock"), has_landlock());
    if has_seccomp() {
        assert_eq!(of_all(&server, "Seccomp"), ["2"]);
        assert!(told(&server).contains(" seccomp,"), "{}", told(&server));
    } else {
        println!("there is no seccomp");
        assert!(told(&server).contains("no seccomp ("), "{}", told(&server));
    }
    assert_eq!(holds(&server, "seccomp"), has_seccomp());
    assert_eq!(of_all(&server, "NoNewPrivs"), ["1"]);
    // Root keeps the right to files of others, where there is no user to become.
    let kept = [0, 1 << 1][usize::from(of_all(&server, "Uid")[0].starts_with('0'))];
    for field in ["CapEff", "CapPrm"] {
        let left: Vec<_> = of_all(&server, field)
            .iter()
            .map(|set| u64::from_str_radix(set, 16).unwrap())
            .collect();
        assert!(left.iter().all(|set| set & !kept == 0), "{field}: {left:x?}");
    }
    assert!(holds(&server, "no_new_privileges") && holds(&server, "capabilities"));
    if is_root() {
        assert_eq!(of_all(&server, "CapBnd"), ["0000000000000000"]);
    }
}

#[test]
fn what_it_is_for_goes_on_behind_them() {
    let upstream = upstream();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("own.txt"), "one.example.net\n").unwrap();
    let fetched = TempDir::new().unwrap();
    fs::write(fetched.path().join("far.txt"), "far.example.net\n").unwrap();
    let settings = format!(
        "upstream: {}\nhistory: {{ flush: 1s }}\nstats: {{ level: full }}\ncache: {{ keep: true }}\nlists:\n  \
         - {{ name: own, file: own.txt }}\n  - {{ name: far, url: \"file://{}\" }}\n",
        upstream.url(),
        fetched.path().join("far.txt").display()
    );
    let mut server = Server::start_in(folder, &settings);
    let data = server.path("data");
    let verdict = |server: &Server, name: &str| rcode(&server.ask(&query(1, name, A)));
    server.until("a list is fetched", |server| verdict(server, "far.example.net") == NXDOMAIN);
    assert_eq!(verdict(&server, "one.example.net"), NXDOMAIN);
    assert_eq!(verdict(&server, "two.example.net"), NOERROR);
    assert_eq!(verdict(&server, "www.doubleclick.net"), NXDOMAIN);
    server.until("counts are written", |server| {
        server.metric("trackless_history_rows_total").iter().any(|(_, rows)| *rows > 0.0)
    });
    let copies = fs::read_dir(data.join("lists")).unwrap().count();
    assert!(copies >= 4, "two lists and what is known of them: {copies}");

    // An editor puts another file in the place of the old one.
    server.write("own.txt.new", "two.example.net\n");
    fs::rename(server.path("own.txt.new"), server.path("own.txt")).unwrap();
    server.signal("-HUP");
    server.until("it is read again", |server| verdict(server, "two.example.net") == NXDOMAIN);
    server.write("more.txt", "three.example.net\n");
    let more = server.config() + "  - { name: more, file: more.txt }\n";
    server.write("trackless.yaml.new", &more);
    fs::rename(server.path("trackless.yaml.new"), server.path("trackless.yaml")).unwrap();
    server.signal("-HUP");
    server.until("one more is read", |server| verdict(server, "three.example.net") == NXDOMAIN);

    assert!(server.get("/").0.contains("200"));
    assert!(server.metric("process_open_fds")[0].1 > 0.0);
    order(&data, &["button", "off", "--for", "10m"]);
    assert_eq!(verdict(&server, "www.doubleclick.net"), NOERROR);
    order(&data, &["button", "on"]);
    // Writes both files anew, by way of another one.
    order(&data, &["forget", "--last", "1h"]);
    assert!(!server.log.contains("failure"), "{}", server.log);
    server.signal("-TERM");
    assert!(server.wait().success());
    assert!(data.join("cache.bin").exists());
}

/// More than SQLite does in memory alone: it needs a file meanwhile, and there is one folder for it.
#[test]
fn a_large_store_is_written_anew() {
    let server = Server::start("upstream: udp://127.0.0.1:9\n");
    let data = server.path("data");
    let store = rusqlite::Connection::open(data.join("trackless.db")).unwrap();
    let large = "INSERT INTO setting VALUES ('large', printf('%.*c', 16000000, 'x'))";
    store.execute(large, []).unwrap();
    order(&data, &["forget", "--last", "1h"]);
    let size: i64 = store
        .query_row("SELECT length(value) FROM setting WHERE name = 'large'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(size, 16_000_000);
}

#[test]
fn a_file_from_elsewhere_waits_for_the_next_start() {
    if !has_landlock() {
        println!("this kernel has no landlock");
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("own.txt"), "one.example.net\n").unwrap();
    let elsewhere = TempDir::new().unwrap();
    let list = elsewhere.path().join("list.txt");
    fs::write(&list, "two.example.net\n").unwrap();
    let settings = "upstream: udp://127.0.0.1:9\nlists:\n  - { name: own, file: own.txt }\n";
    let mut server = Server::start_in(folder, settings);
    let good = server.config();
    let refused = |server: &mut Server| {
        server.signal("-HUP");
        server.wait_for("not reloaded, what was there goes on: ");
        let said = server.log.lines().last().unwrap();
        assert!(said.contains("is in a folder that was closed when the server started"), "{said}");
        assert!(said.contains("restart it"), "{said}");
        assert_eq!(rcode(&server.ask(&query(1, "one.example.net", A))), NXDOMAIN);
    };
    for more in [
        format!("  - {{ name: more, file: {} }}\n", list.display()),
        format!("  - {{ name: more, url: \"file://{}\" }}\n", list.display()),
        format!("leases: {}\n", list.display()),
    ] {
        server.write("trackless.yaml", &(good.clone() + &more));
        refused(&mut server);
        assert!(server.log.lines().last().unwrap().contains("list.txt"), "{}", server.log);
    }
    server.write("trackless.yaml", &good);
    fs::remove_file(server.path("own.txt")).unwrap();
    symlink(&list, server.path("own.txt")).unwrap();
    refused(&mut server);

    let more = format!("{settings}  - {{ name: more, file: {} }}\n", list.display());
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("own.txt"), "one.example.net\n").unwrap();
    let server = Server::start_in(folder, &more);
    assert_eq!(rcode(&server.ask(&query(1, "two.example.net", A))), NXDOMAIN);
}

#[test]
fn what_is_switched_off_is_not_put_on() {
    let elsewhere = TempDir::new().unwrap();
    let list = elsewhere.path().join("list.txt");
    fs::write(&list, "two.example.net\n").unwrap();
    let off = "upstream: udp://127.0.0.1:9\nhardening: { landlock: false, seccomp: false }\n";
    let server = Server::start(off);
    let said = "no landlock (off in the settings), no seccomp (off in the settings)";
    assert!(told(&server).contains(said), "{}", told(&server));
    assert!(!holds(&server, "landlock") && !holds(&server, "seccomp"));
    assert_eq!(of_all(&server, "Seccomp"), of_this_process("Seccomp"));
    let more = format!("lists: [{{ name: more, file: {} }}]\n", list.display());
    server.write("trackless.yaml", &(server.config() + &more));
    server.signal("-HUP");
    server.until("it is read", |server| {
        rcode(&server.ask(&query(1, "two.example.net", A))) == NXDOMAIN
    });
}

/// A container may have put it on us already.
fn of_this_process(field: &str) -> Vec<String> {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{field}:")));
    vec![line.unwrap_or_default().trim().to_owned()]
}

#[test]
fn what_others_could_read_is_closed() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("device.key"), [7; 32]).unwrap();
    fs::set_permissions(data.join("device.key"), Permissions::from_mode(0o644)).unwrap();
    let server = Server::start_in(folder, "upstream: udp://127.0.0.1:9\n");
    let said = "device.key: others could read it; it is its owner's alone again";
    assert!(server.log.contains(said), "{}", server.log);
    assert_eq!(fs::metadata(data.join("device.key")).unwrap().mode() & 0o777, 0o600);
    server.until("the store is there", |_| data.join("trackless.db").exists());
    for entry in fs::read_dir(&data).unwrap().flatten() {
        let (name, mode) = (entry.file_name(), entry.metadata().unwrap().mode());
        let is_public = name == "rules.table" || name == "lists";
        assert!(is_public || mode & 0o077 == 0, "{name:?}: {mode:o}");
    }
}

/// In a tree of files where there is a user `trackless`; only root can make one, and not everywhere.
#[test]
fn root_becomes_another_user_and_hands_the_data_over() {
    let folder = TempDir::new().unwrap();
    let users = folder.path().join("passwd");
    let known = fs::read_to_string("/etc/passwd").unwrap();
    fs::write(&users, known + "trackless:x:4242:4243::/nonexistent:/bin/false\n").unwrap();
    let inside = |then: &str| {
        let mut command = Command::new("unshare");
        let script = format!("mount --bind \"$0\" /etc/passwd && {then}");
        command.args(["--mount", "sh", "-c", &script]).arg(&users);
        command
    };
    if !is_root() || !inside("true").status().is_ok_and(|status| status.success()) {
        println!("only root can try this, and not everywhere");
        return;
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    // As a server that was root before has left it.
    fs::write(data.join("device.key"), [7; 32]).unwrap();
    fs::create_dir(data.join("lists")).unwrap();
    let upstream = upstream();
    let mut serve = inside("exec \"$@\"");
    serve.arg(env!("CARGO_BIN_EXE_trackless"));
    let settings = format!("upstream: {}\nhistory: {{ flush: 1s }}\n", upstream.url());
    let server = Server::start_by(serve, folder, &settings);
    assert!(told(&server).contains("no capabilities, user trackless"), "{}", told(&server));
    assert!(holds(&server, "user") && holds(&server, "capabilities"));
    assert_eq!(of_all(&server, "Uid"), ["4242\t4242\t4242\t4242"]);
    assert_eq!(of_all(&server, "Gid"), ["4243\t4243\t4243\t4243"]);
    assert_eq!(of_all(&server, "CapPrm"), ["0000000000000000"]);
    assert_eq!(rcode(&server.ask(&query(1, "www.doubleclick.net", A))), NXDOMAIN);
    server.until("counts are written", |server| {
        server.metric("trackless_history_rows_total").iter().any(|(_, rows)| *rows > 0.0)
    });
    for name in ["", "device.key", "lists", "trackless.db"] {
        assert_eq!(fs::metadata(data.join(name)).unwrap().uid(), 4242, "{name}");
    }
    assert!(server.metric("process_open_fds")[0].1 > 0.0, "of what is its own it is still told");
}
