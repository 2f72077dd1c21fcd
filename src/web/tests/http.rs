//! Paths, names, and clients that mean no good.

use super::*;

const SHORT: Limits = Limits {
    connections: 2,
    header: Duration::from_millis(300),
    connection: Duration::from_millis(900),
    ..LIMITS
};

#[test]
fn each_path_says_what_it_is() {
    let house = House::new(Config::default());
    let index = house.get("/");
    assert_eq!(index.status, 200);
    assert!(index.header.contains("content-type: text/html"), "{}", index.header);
    assert!(index.body.contains("<title>Trackless"), "{}", index.body);
    let metrics = house.get("/metrics");
    assert_eq!(metrics.status, 200);
    let kind = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(metrics.header.contains(kind), "{}", metrics.header);
    let health = house.get("/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    for path in ["/metrics/", "/favicon.ico", "//", "/%2e%2e/etc/passwd"] {
        let response = house.get(path);
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.body.lines().count(), 1);
    }
}

#[test]
fn readiness_follows_the_server() {
    let house = House::new(Config::default());
    let early = house.get("/readyz");
    assert_eq!(early.status, 503);
    assert_eq!(early.body.lines().count(), 1);
    assert_eq!(house.get("/healthz").status, 200);
    house.ready.store(true, Ordering::Release);
    let now = house.get("/readyz");
    assert_eq!((now.status, now.body.as_str()), (200, "ready\n"));
    house.ready.store(false, Ordering::Release);
    assert_eq!(house.get("/readyz").status, 503);
}

#[test]
fn only_own_names_are_answered() {
    let house = House::new(Config::default());
    let status = |target: &str, fields: &str| {
        let request = format!("GET {target} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
        Response::read(&house.send(&request)).status
    };
    for host in
        ["127.0.0.1:8053", "192.168.1.2", "[::1]:8053", "[fd00::2]", "localhost", "localhost:8053"]
            .into_iter()
            .chain(["Trackless.Home.Arpa:80"])
    {
        assert_eq!(status("/metrics", &format!("Host: {host}\r\n")), 200, "{host}");
    }
    for host in [
        "evil.example:8053",
        "127.0.0.1.evil.example",
        "[::1].evil.example",
        "[::1",
        "localhost.evil.example",
        "sub.trackless.home.arpa",
        "127.0.0.1@evil.example",
        "",
    ] {
        for path in ["/metrics", "/healthz", "/nowhere"] {
            assert_eq!(status(path, &format!("Host: {host}\r\n")), 421, "{host}{path}");
        }
    }
    assert_eq!(status("/", ""), 421, "no name at all");
    assert_eq!(status("/", "Host: 127.0.0.1\r\nHost: evil.example\r\n"), 421, "two names");
    assert_eq!(status("http://evil.example/", "Host: 127.0.0.1\r\n"), 421, "the target's counts");
    assert_eq!(status("http://127.0.0.1/", "Host: 127.0.0.1\r\n"), 200);
}

#[test]
fn nothing_takes_a_body() {
    let house = House::new(Config::default());
    let head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    let status = |request: String| Response::read(&house.send(&request)).status;
    assert_eq!(status(format!("POST /metrics {head}\r\n")), 405);
    assert_eq!(status(format!("POST /metrics {head}Content-Length: 4\r\n\r\nbody")), 413);
    let chunked = "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    assert_eq!(status(format!("GET /metrics {head}{chunked}")), 413);
    let announced = "Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(status(format!("GET /metrics {head}{announced}")), 413);
    let long = format!("X: {}\r\n\r\n", "x".repeat(2 * serve::HEADER));
    assert_eq!(status(format!("GET / {head}{long}")), 431);
    assert_eq!(house.get("/healthz").status, 200);
}

#[test]
fn slow_clients_are_cut_off_and_keep_nobody_out() {
    let house = House::within(SHORT, Config::default());
    let begun = Instant::now();
    let mut slow: Vec<_> = (0..2 * SHORT.connections).map(|_| house.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: loc").unwrap();
    }
    assert_eq!(house.get("/healthz").status, 200);
    // All places were taken twice before.
    assert!(begun.elapsed() >= 2 * SHORT.header);
    for stream in &mut slow {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn a_drip_of_bytes_does_not_hold_a_place() {
    let house = House::within(SHORT, Config::default());
    let begun = Instant::now();
    let mut stream = house.connect();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut cut = || {
        // Each line is in time; the header never ends.
        let sent = stream.write_all(b"X: y\r\n");
        match stream.read(&mut [0; 64]) {
            Ok(len) => len == 0,
            Err(error) => sent.is_err() || error.kind() == io::ErrorKind::ConnectionReset,
        }
    };
    while !cut() {
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[test]
fn a_connection_serves_requests_until_its_time_is_over() {
    let limits = Limits { header: PATIENCE, ..SHORT };
    let house = House::within(limits, Config::default());
    let begun = Instant::now();
    let mut stream = house.connect();
    let mut served = 0;
    loop {
        let mut read = [0; 1024];
        if stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").is_err() {
            break;
        }
        match stream.read(&mut read) {
            Ok(0) | Err(_) => break,
            Ok(len) => assert!(read[..len].starts_with(b"HTTP/1.1 200")),
        }
        served += 1;
        thread::sleep(Duration::from_millis(50));
    }
    assert!(served > 1, "{served} requests served");
    assert!(begun.elapsed() >= limits.connection && begun.elapsed() < PATIENCE);
}
