//! Bodies that are compressed, too long, too slow or cut.

use std::io::Write as _;

use super::*;

const SHORT: Duration = Duration::from_millis(200);

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

fn brotli(text: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut brotli = brotli::CompressorWriter::new(&mut compressed, 4096, 5, 20);
    brotli.write_all(text).unwrap();
    drop(brotli);
    compressed
}

fn encodings(text: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let zstd = zstd::encode_all(text, 3).unwrap();
    [("gzip", gzip(text)), ("br", brotli(text)), ("zstd", zstd)]
}

#[tokio::test]
async fn compressed_lists_are_decoded() {
    let place = Place::new();
    for (encoding, body) in encodings(LIST.as_bytes()) {
        let fields = format!("Content-Encoding: {encoding}\r\n");
        assert_eq!(place.text_of(reply("200 OK", &fields, body)).await, LIST, "{encoding}");
    }
}

#[tokio::test]
async fn a_compressed_list_that_is_cut_is_refused() {
    let place = Place::new();
    let text: String = (0..5_000).map(|number| format!("ads{number}.example\n")).collect();
    for (encoding, body) in encodings(text.as_bytes()) {
        let fields = format!("Content-Encoding: {encoding}\r\n");
        let whole = place.text_of(reply("200 OK", &fields, &body)).await;
        assert_eq!(whole, text, "{encoding}");
        let error = place.error_of(reply("200 OK", &fields, &body[..body.len() - 1])).await;
        assert!(matches!(error, FetchError::Broken { .. }), "{encoding}: {error}");
        assert!(!error.is_lasting());
    }
}

#[tokio::test]
async fn an_encoding_nobody_asked_for_is_refused() {
    let error =
        Place::new().error_of(reply("200 OK", "Content-Encoding: compress\r\n", LIST)).await;
    assert!(matches!(error, FetchError::Encoding { .. }), "{error}");
}

#[tokio::test]
async fn a_declared_length_above_the_limit_is_refused_unread() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n";
    let error = Place::new().error_of(Reply(head.into(), Then::Hang)).await;
    let FetchError::TooBig { from, most: 1_000_000 } = &error else { panic!("{error}") };
    let says = "which is the most allowed";
    assert_eq!(
        error.to_string(),
        format!("the list from {from} is larger than 1000000 bytes, {says}")
    );
    assert!(error.is_lasting());
}

#[tokio::test]
async fn a_list_of_just_the_limit_passes_and_one_octet_more_does_not() {
    let mut place = Place::new();
    place.limits.bytes = LIST.len() as u64;
    assert_eq!(place.text_of(reply("200 OK", "", LIST)).await, LIST);
    let chunked = |text: &str| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        Reply(format!("{head}{:x}\r\n{text}\r\n0\r\n\r\n", text.len()).into(), Then::Close)
    };
    assert_eq!(place.text_of(chunked(LIST)).await, LIST);
    let error = place.error_of(chunked(&format!("{LIST}\n"))).await;
    assert!(matches!(error, FetchError::TooBig { .. }), "{error}");
}

#[tokio::test]
async fn bombs_stop_at_the_limit() {
    let mut place = Place::new();
    place.limits.bytes = 100_000;
    for (encoding, body) in encodings(&vec![b'a'; 50_000_000]) {
        assert!(body.len() < 100_000, "{encoding} is no bomb");
        let fields = format!("Content-Encoding: {encoding}\r\n");
        let error = place.error_of(reply("200 OK", &fields, body)).await;
        assert!(matches!(error, FetchError::TooBig { .. }), "{encoding}: {error}");
    }
}

#[tokio::test]
async fn a_response_that_drips_is_cut_by_the_time_limit() {
    let mut place = Place::new();
    place.limits.time = SHORT;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n";
    let error = place.error_of(Reply(head.into(), Then::Drip)).await;
    assert!(matches!(error, FetchError::TooSlow { after: SHORT, .. }), "{error}");
    assert!(error.to_string().ends_with(" is too slow: the download was not done after 200ms"));
    assert!(!error.is_lasting());
}

#[tokio::test]
async fn a_response_that_stalls_is_cut_by_the_stall_limit() {
    let mut place = Place::new();
    place.limits.stall = SHORT;
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nads.example\n";
    for sent in [head, ""] {
        let error = place.error_of(Reply(sent.into(), Then::Hang)).await;
        assert!(matches!(error, FetchError::Stalled { after: SHORT, .. }), "{error}");
        assert!(!error.is_lasting());
    }
    // Octets come, but nothing of the list: the name of a file in a gzip head, without end.
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\xff";
    let error = place.error_of(Reply(head.to_vec(), Then::Drip)).await;
    assert!(matches!(error, FetchError::Stalled { .. }), "{error}");
}

#[tokio::test]
async fn a_dropped_download_leaves_no_file() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nads.example\n";
    let server = Server::new(vec![Reply(head.into(), Then::Hang)]).await;
    let place = Place::new();
    let (none, to) = (Validators::default(), place.to());
    let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let progress = |bytes, _| begun.send((bytes, to.exists())).unwrap();
    let url = server.url();
    tokio::select! {
        result = place.fetcher.fetch(&url, &none, &place.limits, &to, &progress) => {
            panic!("{result:?}")
        }
        seen = has_begun.recv() => assert_eq!(seen, Some((12, true))),
    }
    assert!(!to.exists());
}

#[tokio::test]
async fn a_response_that_breaks_off_is_refused() {
    let place = Place::new();
    for sent in [
        "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nads.example\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nads.example\n\r\n",
    ] {
        let error = place.error_of(Reply(sent.into(), Then::Close)).await;
        assert!(matches!(error, FetchError::Broken { .. }), "{error}");
        assert!(!error.is_lasting());
    }
    let error = place.error_of(Reply("HTTP/1.1 200 OK\r\nCont".into(), Then::Close)).await;
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
}

#[tokio::test]
async fn an_empty_list_is_refused() {
    let place = Place::new();
    for (encoding, body) in [("identity", Vec::new()), ("gzip", Vec::new()), ("gzip", gzip(b""))] {
        let fields = format!("Content-Encoding: {encoding}\r\n");
        let error = place.error_of(reply("200 OK", &fields, body)).await;
        assert!(matches!(error, FetchError::Empty { .. }), "{error}");
    }
}
