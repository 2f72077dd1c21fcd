//! What a supervisor does: it opens sockets and keeps them, asks whether the server is well, and sends
//! signals whenever it likes.

mod house;

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use house::dns::{A, NXDOMAIN, query, rcode};
use house::{PATIENCE, Server, command, run};
use rustix::fs::OFlags;
use tempfile::TempDir;

/// Starts the server with two sockets that it has not opened.
fn start_with(sockets: [OwnedFd; 2], folder: TempDir, settings: &str) -> Server {
    let [first, second] = sockets;
    // The shell becomes the server, so that LISTEN_PID is its number.
    let script = "LISTEN_PID=$$ LISTEN_FDS=2 exec \"$@\" 3<&0 4<&1 </dev/null >/dev/null";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_trackless")]);
    command.stdin(first).stdout(second);
    Server::start_by(command, folder, &format!("upstream: udp://127.0.0.1:9\n{settings}"))
}

/// A free port for UDP and TCP.
fn pair() -> (UdpSocket, TcpListener, SocketAddr) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if let Ok(tcp) = TcpListener::bind(address) {
            return (udp, tcp, address);
        }
    }
}

#[test]
fn passed_sockets_are_served_again_and_again() {
    let (udp, tcp, address) = pair();
    for _ in 0..2 {
        let sockets = [udp.try_clone().unwrap().into(), tcp.try_clone().unwrap().into()];
        let settings = format!("listen: {address}\nworkers: 2\n");
        let mut server = start_with(sockets, TempDir::new().unwrap(), &settings);
        assert_eq!(server.dns, address);
        for id in 0..20 {
            let question = query(id, "ads.doubleclick.net", A);
            assert_eq!(rcode(&server.ask(&question)), NXDOMAIN);
            assert_eq!(rcode(&server.ask_tcp(&question)), NXDOMAIN);
        }
        server.signal("-TERM");
        assert!(server.wait().success());
    }
}

#[test]
fn a_passed_socket_serves_http_and_one_that_no_setting_names_is_said() {
    let (_, web, address) = pair();
    let (other, _, unnamed) = pair();
    let sockets = [web.into(), other.into()];
    let mut server = start_with(sockets, TempDir::new().unwrap(), &format!("web: {address}\n"));
    assert_eq!(server.web, address);
    assert!(server.get("/healthz").0.contains("200"));
    let said = format!("nothing is served on {unnamed}, which was passed: no setting names it");
    assert!(server.log.contains(&said), "{}", server.log);
    server.signal("-TERM");
    assert!(server.wait().success());
}

#[test]
fn a_passed_socket_for_both_families_is_refused_with_the_way_out() {
    let folder = TempDir::new().unwrap();
    let udp = UdpSocket::bind("[::]:0").unwrap();
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&0 </dev/null";
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_trackless"), "serve", "--data"])
        .arg(folder.path())
        .stdin(OwnedFd::from(udp))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("write BindIPv6Only=ipv6-only"), "{said}");
}

#[test]
fn health_is_an_answer_and_counts_for_no_device() {
    let server = Server::start("upstream: udp://127.0.0.1:9\n");
    let health = |address: SocketAddr| {
        run(&["health", "--listen", &address.to_string()], Path::new("."), "")
    };
    assert_eq!(health(server.dns), (true, String::new(), String::new()));
    server.until("it is counted as an answer", |server| {
        let answers = server.metric("trackless_answers_total");
        answers.iter().any(|(labels, count)| labels.contains("NOTIMP") && *count == 1.0)
    });
    assert!(server.metric("trackless_queries_total").iter().all(|(_, count)| *count == 0.0));

    let (udp, _, nobody) = pair();
    drop(udp);
    let (well, _, error) = health(nobody);
    assert!(!well && error.contains(&format!("no answer from {nobody}")), "{error}");
}

/// A pipe in place of a file: who reads it waits for who writes it.
fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Waits until somebody reads the pipe; they wait on until what is given back is written to, and gone.
fn is_read(path: &Path) -> File {
    let start = Instant::now();
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    loop {
        match OpenOptions::new().write(true).custom_flags(nonblock).open(path) {
            Ok(writer) => return writer,
            Err(error) => assert!(start.elapsed() < PATIENCE, "nobody reads it: {error}"),
        }
        std::thread::yield_now();
    }
}

/// A server that is about to read the hosts file `hosts`, and will not get on before it is written.
fn half_started() -> (Server, File) {
    let folder = TempDir::new().unwrap();
    let hosts = folder.path().join("hosts");
    pipe(&hosts);
    let settings = "upstream: udp://127.0.0.1:9\nlocal: { hosts: [hosts] }\n";
    let server = Server::launch(command(&[]), folder, settings);
    let writer = is_read(&hosts);
    (server, writer)
}

#[test]
fn a_reload_that_is_wanted_during_the_start_comes_after_it() {
    let (mut server, mut hosts) = half_started();
    server.signal("-HUP");
    hosts.write_all(b"192.0.2.1 box.home.arpa\n").unwrap();
    drop(hosts);
    server.ready();
    let question = query(1, "box.home.arpa", A);
    assert_eq!(server.ask(&question).last(), Some(&1));
    is_read(&server.path("hosts")).write_all(b"192.0.2.2 box.home.arpa\n").unwrap();
    server.until("it is reloaded", |server| server.ask(&question).last() == Some(&2));
}

#[test]
fn a_start_that_takes_long_can_be_stopped() {
    for signal in ["-TERM", "-INT"] {
        let (mut server, _hosts) = half_started();
        server.signal(signal);
        assert!(server.wait().success(), "{}", server.log);
        assert!(!server.log.contains("answering DNS"), "{}", server.log);
    }
}

#[test]
fn a_stop_does_not_wait_for_a_reload() {
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("list");
    fs::write(&list, "one.example\n").unwrap();
    let settings = "upstream: udp://127.0.0.1:9\nlists: [{ name: own, file: list }]\n";
    let mut server = Server::start_in(folder, settings);
    let table = || fs::read(list.with_file_name("data/rules.table")).unwrap();
    let before = table();
    fs::remove_file(&list).unwrap();
    pipe(&list);
    server.signal("-HUP");
    let _half_read = is_read(&list);
    server.signal("-TERM");
    assert!(server.wait().success(), "{}", server.log);
    assert!(table() == before, "the table of before stays");
}
