//! Against servers that do what a script says (`servers`): what is asked and kept here, broken and
//! boundless responses in `bodies`, names, certificates and connections in `hosts`.

mod bodies;
mod hosts;
mod servers;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use self::servers::{Reply, Server, Then, redirect, reply};
use super::*;

const LIST: &str = "ads.example\ntracker.example\n";
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn upstream(servers: &[SocketAddr]) -> config::Upstream {
    let servers = servers.iter().map(|address| format!("udp://{address}").parse().unwrap());
    config::Upstream {
        servers: servers.collect(),
        bootstrap: Vec::new(),
        timeout: Duration::from_secs(10),
        ..config::Upstream::default()
    }
}

/// A fetcher whose upstream does not answer, and a place for what it fetches.
struct Place {
    fetcher: Fetcher,
    folder: TempDir,
    limits: Limits,
}

impl Place {
    fn new() -> Self {
        Self::with(Fetcher::new(&upstream(&["127.0.0.1:9".parse().unwrap()])).unwrap())
    }

    fn with(fetcher: Fetcher) -> Self {
        let limits = Limits { bytes: 1_000_000, time: LONG, stall: LONG };
        Self { fetcher, folder: tempfile::tempdir().unwrap(), limits }
    }

    fn to(&self) -> PathBuf {
        self.folder.path().join("new")
    }

    async fn fetch_if(&self, url: &str, known: &Validators) -> Result<Fetched, FetchError> {
        self.fetcher.fetch(url, known, &self.limits, &self.to(), &|_, _| ()).await
    }

    async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        self.fetch_if(url, &Validators::default()).await
    }

    /// The error of a download that must fail, and leave no file.
    async fn error(&self, url: &str) -> FetchError {
        let error = self.fetch(url).await.unwrap_err();
        assert!(!self.to().exists(), "a file is left after: {error}");
        error
    }

    /// The error of the download of one scripted reply.
    async fn error_of(&self, reply: Reply) -> FetchError {
        self.error(&Server::new(vec![reply]).await.url()).await
    }

    async fn text_of(&self, reply: Reply) -> String {
        let server = Server::new(vec![reply]).await;
        let fetched = self.fetch(&server.url()).await.unwrap();
        let text = fs::read_to_string(self.to()).unwrap();
        let Fetched::New { bytes, .. } = fetched else { panic!("{fetched:?}") };
        assert_eq!(bytes, text.len() as u64);
        fs::remove_file(self.to()).unwrap();
        text
    }
}

#[tokio::test]
async fn a_new_list_is_written_and_little_is_told() {
    let fields = "ETag: \"one\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n";
    let server = Server::new(vec![reply("200 OK", fields, LIST)]).await;
    let place = Place::new();
    let (so_far, total) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = |bytes, of: Option<u64>| {
        so_far.store(bytes, Ordering::Relaxed);
        total.store(of.unwrap(), Ordering::Relaxed);
    };
    let (none, to) = (Validators::default(), place.to());
    let fetched = place.fetcher.fetch(&server.url(), &none, &place.limits, &to, &progress).await;
    let validators = Validators {
        etag: Some("\"one\"".to_owned()),
        last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned()),
    };
    let bytes = LIST.len() as u64;
    assert_eq!(fetched.unwrap(), Fetched::New { bytes, validators });
    assert_eq!(fs::read_to_string(&to).unwrap(), LIST);
    assert_eq!((so_far.into_inner(), total.into_inner()), (bytes, bytes));

    let request = server.asked()[0].to_lowercase();
    let mut fields: Vec<_> = request.lines().skip(1).filter(|line| !line.is_empty()).collect();
    fields.sort_unstable();
    let host = format!("host: {}", server.address);
    let expected = ["accept-encoding: ", "accept: */*", &host, "user-agent: trackless"];
    assert!(request.starts_with("get /list http/1.1\r\n"), "{request}");
    assert_eq!(fields.len(), expected.len(), "{request}");
    for (field, expected) in fields.iter().zip(expected) {
        assert!(field.starts_with(expected), "{request}");
    }
}

#[tokio::test]
async fn an_unchanged_list_is_not_downloaded() {
    let server = Server::new(vec![reply("304 Not Modified", "", "")]).await;
    let place = Place::new();
    let known = Validators {
        etag: Some("W/\"one\"".to_owned()),
        last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned()),
    };
    assert_eq!(place.fetch_if(&server.url(), &known).await.unwrap(), Fetched::Unchanged);
    assert!(!place.to().exists());
    let request = server.asked()[0].to_lowercase();
    assert!(request.contains("\r\nif-none-match: w/\"one\"\r\n"), "{request}");
    assert!(request.contains("\r\nif-modified-since: mon, 01 jan 2024 00:00:00 gmt\r\n"));

    let unasked = place.error(&server.url()).await;
    assert_eq!(unasked.to_string(), format!("{} answers 304 (Not Modified)", server.address));
}

#[tokio::test]
async fn validators_survive_being_kept_even_if_useless() {
    let known = Validators { etag: Some("a\nb".to_owned()), last_modified: None };
    let kept = serde_json::to_string(&known).unwrap();
    assert_eq!(serde_json::from_str::<Validators>(&kept).unwrap(), known);
    let server = Server::new(vec![reply("200 OK", "", LIST)]).await;
    let place = Place::new();
    assert!(matches!(place.fetch_if(&server.url(), &known).await, Ok(Fetched::New { .. })));
}

#[tokio::test]
async fn redirects_are_followed_and_their_number_is_bounded() {
    let place = Place::new();
    let mut script = vec![redirect("/elsewhere"); MOST_REDIRECTS];
    script.push(reply("200 OK", "", LIST));
    let server = Server::new(script).await;
    assert!(matches!(place.fetch(&server.url()).await, Ok(Fetched::New { .. })));
    assert!(server.asked().iter().all(|request| !request.to_lowercase().contains("referer")));
    fs::remove_file(place.to()).unwrap();

    let server = Server::new(vec![redirect("/round")]).await;
    let error = place.error(&server.url()).await;
    assert_eq!(
        error.to_string(),
        format!("{} redirects again and again; look up where the list is now", server.address)
    );
    assert!(error.is_lasting());
    assert_eq!(server.asked().len(), 1 + MOST_REDIRECTS);

    let error = place.error_of(redirect("ftp://list.example/list")).await;
    assert!(matches!(error, FetchError::Redirect { .. }), "{error}");
    let error = place.error_of(redirect("file:///etc/passwd")).await;
    assert!(error.to_string().ends_with(" (Found); it redirects to where we cannot go"), "{error}");
}

#[tokio::test]
async fn a_status_other_than_200_is_told_with_advice() {
    let place = Place::new();
    let server = Server::new(vec![reply("404 Not Found", "", "gone")]).await;
    let error = place.error(&server.url()).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} answers 404 (Not Found); the list has moved or is no more: \
             look up its new URL or unsubscribe",
            server.address
        )
    );
    assert!(error.is_lasting());
    for status in ["206 Partial Content", "204 No Content", "300 Multiple Choices", "999 Odd"] {
        let error = place.error_of(reply(status, "", LIST)).await;
        assert!(matches!(error, FetchError::Status { .. }), "{error}");
    }
}

fn retries(tries: u32) -> Retries {
    Retries { tries, backoff: Duration::from_millis(1) }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let busy = reply("503 Service Unavailable", "", "");
    let broken = Reply("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nads".into(), Then::Close);
    let script = vec![busy.clone(), broken, reply("200 OK", "", LIST)];
    let place = Place::new();
    let (none, to) = (Validators::default(), place.to());
    let try_often = async |server: &Server, tries| {
        let (url, retries) = (server.url(), retries(tries));
        place
            .fetcher
            .fetch_with_retries(&url, &none, &place.limits, &to, &|_, _| (), &retries)
            .await
    };
    let server = Server::new(script).await;
    assert!(matches!(try_often(&server, 3).await, Ok(Fetched::New { .. })));
    assert_eq!(fs::read_to_string(&to).unwrap(), LIST);
    fs::remove_file(&to).unwrap();

    for (reply, tries, expected) in [
        (busy.clone(), 3, 3),
        (busy, 0, 1),
        (reply("404 Not Found", "", ""), 3, 1),
        (reply("429 Too Many Requests", "", ""), 2, 2),
    ] {
        let server = Server::new(vec![reply]).await;
        let error = try_often(&server, tries).await.unwrap_err();
        assert!(matches!(error, FetchError::Status { .. }), "{error}");
        assert_eq!(server.asked().len(), expected);
    }
}

#[test]
fn pauses_grow_but_not_without_end() {
    let second = Duration::from_secs(1);
    for (failed, doubled) in [(1, 1), (2, 2), (5, 16), (12, 2_048), (13, 3_600), (u32::MAX, 3_600)]
    {
        let (pause, doubled) = (pause(second, failed), second * doubled);
        assert!(pause >= doubled / 2 && pause <= doubled * 3 / 2, "{failed}: {pause:?}");
    }
    assert!(pause(Duration::MAX, 9) <= LONGEST_PAUSE * 3 / 2);
    assert_eq!(pause(Duration::ZERO, 9), Duration::ZERO);
}

#[tokio::test]
async fn a_file_is_copied_until_it_stays_the_same() {
    let mut place = Place::new();
    let list = place.folder.path().join("my list");
    fs::write(&list, LIST).unwrap();
    let url = Url::from_file_path(&list).unwrap().to_string();
    let Ok(Fetched::New { bytes, validators }) = place.fetch(&url).await else { panic!() };
    assert_eq!((bytes, fs::read_to_string(place.to()).unwrap()), (LIST.len() as u64, LIST.into()));
    fs::remove_file(place.to()).unwrap();
    assert_eq!(place.fetch_if(&url, &validators).await.unwrap(), Fetched::Unchanged);

    fs::write(&list, format!("{LIST}more.example\n")).unwrap();
    let changed = place.fetch_if(&url, &validators).await;
    assert!(matches!(changed, Ok(Fetched::New { .. })), "{changed:?}");
    fs::remove_file(place.to()).unwrap();

    place.limits.bytes = 5;
    assert!(matches!(place.error(&url).await, FetchError::TooBig { .. }));
    fs::write(&list, "").unwrap();
    assert!(matches!(place.error(&url).await, FetchError::Empty { .. }));
    fs::remove_file(&list).unwrap();
    let error = place.error(&url).await;
    assert!(error.to_string().starts_with("cannot read /"), "{error}");
    assert!(error.to_string().ends_with("/my list: No such file or directory (os error 2)"));
    assert!(error.is_lasting());
    let error = place.error("file:///dev/zero").await;
    assert_eq!(error.to_string(), "cannot read /dev/zero: it is not a regular file");
}

#[tokio::test]
async fn what_is_no_url_is_told() {
    let place = Place::new();
    for url in ["", "lists/own", "ftp://list.example/", "http://", "file://host/list"] {
        let error = place.error(url).await;
        assert_eq!(error, FetchError::Url(url.to_owned()));
        assert!(error.is_lasting());
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_left_alone() {
    let place = Place::new();
    fs::write(place.to(), "mine").unwrap();
    let server = Server::new(vec![reply("200 OK", "", LIST)]).await;
    let error = place.fetch(&server.url()).await.unwrap_err();
    assert!(matches!(error, FetchError::Write { .. }) && error.is_lasting(), "{error}");
    assert_eq!(fs::read_to_string(place.to()).unwrap(), "mine");
}

#[tokio::test]
async fn errors_keep_passwords_and_tokens_to_themselves() {
    let server = Server::new(vec![reply("403 Forbidden", "", "")]).await;
    let url = format!("http://me:secret@{}/list?token=secret", server.address);
    let error = Place::new().error(&url).await;
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    assert!(error.to_string().starts_with(&server.address.to_string()), "{error}");
}

#[test]
fn a_download_may_move_between_threads() {
    fn must_be_send(_: impl Send) {}
    let place = Place::new();
    must_be_send(place.fetch("http://list.example/"));
}
