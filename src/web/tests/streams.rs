//! Answers that have no end.

use axum::body::{Body, Bytes};
use futures_util::stream;

use super::*;
use serve::StreamPlace;

const SHORT: Limits = Limits {
    header: Duration::from_millis(300),
    connection: Duration::from_millis(300),
    stall: Duration::from_millis(300),
    ..LIMITS
};
/// Octets sent at once.
const PART: &[u8] = &[b'.'; 65_536];

/// Sends `part` over and over; the place lives as long as that.
fn endless(place: Option<StreamPlace>, part: &'static [u8]) -> Body {
    Body::from_stream(stream::unfold(place, move |place| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((Ok::<_, io::Error>(Bytes::from_static(part)), place))
    }))
}

fn paths(router: Router<Site>) -> Router<Site> {
    router
        .route("/placed", get(async |place: StreamPlace| endless(Some(place), b".")))
        .route("/many", get(async |place: StreamPlace| endless(Some(place), PART)))
        .route("/other", get(async || endless(None, b".")))
}

fn ask(house: &House, path: &str) -> TcpStream {
    let mut stream = house.connect();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream
}

/// Whether there is more.
fn goes_on(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 4_096]), Ok(1..))
}

#[test]
fn a_stream_outlasts_other_connections_and_ends_with_a_login() {
    let house = House::with(SHORT, Config::default(), paths);
    let begun = Instant::now();
    let (mut stream, mut other) = (ask(&house, "/placed"), ask(&house, "/other"));
    while goes_on(&mut other) {
        assert!(begun.elapsed() < PATIENCE);
    }
    assert!(begun.elapsed() >= SHORT.connection);
    // By now it has lasted for longer than any other, twice over.
    while begun.elapsed() < 3 * (SHORT.connection + SHORT.header) {
        assert!(goes_on(&mut stream));
    }
    house.site.accounts.set_anew(Who::Owner, &Password::new("correct horse".to_owned())).unwrap();
    let ended = Instant::now();
    while goes_on(&mut stream) {
        assert!(ended.elapsed() < PATIENCE);
    }
}

#[test]
fn who_takes_nothing_holds_no_place() {
    let limits = Limits { stall: Duration::from_secs(2), ..SHORT };
    let house = House::with(limits, Config::default(), paths);
    let idle: Vec<_> = (0..serve::STREAMS).map(|_| ask(&house, "/many")).collect();
    let begun = Instant::now();
    let free = || house.site.streams.available_permits();
    while free() > 0 {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
    assert_eq!(house.get("/many").status, 503, "no more than that");
    while free() < serve::STREAMS {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
    drop(idle);
}
