//! The dashboard's files, which are part of the program.
//!
//! They hold nothing of the household and are open to all who reach the port. Each is packed once,
//! when one is first asked for.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use include_dir::{Dir, include_dir};
use ring::digest::{SHA256, digest};

static DASHBOARD: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/web/dashboard");
/// Shown where there is no dashboard.
const NO_DASHBOARD: &[u8] = include_bytes!("no_dashboard.html");
const INDEX: &str = "index.html";
/// Files below it keep their content as long as they keep their name.
const FOR_EVER: &str = "vendor/";

/// Kinds of files that are shown, by what their names end in.
const KINDS: [(&str, &str); 10] = [
    (".html", "text/html; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".mjs", "text/javascript; charset=utf-8"),
    (".json", "application/json"),
    (".webmanifest", "application/manifest+json"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".woff2", "font/woff2"),
    (".txt", "text/plain; charset=utf-8"),
];

struct Shown {
    kind: &'static str,
    plain: &'static [u8],
    /// None where it would be no smaller.
    packed: Option<Bytes>,
    etag: HeaderValue,
}

static SHOWN: LazyLock<HashMap<&'static str, Shown>> = LazyLock::new(|| {
    let mut files = vec![(INDEX, NO_DASHBOARD)];
    collect(&DASHBOARD, &mut files);
    files
        .into_iter()
        .filter_map(|(path, content)| Some((path, Shown::new(path, content)?)))
        .collect()
});

fn collect(folder: &Dir<'static>, files: &mut Vec<(&'static str, &'static [u8])>) {
    let named = folder.files().filter_map(|file| Some((file.path().to_str()?, file.contents())));
    files.extend(named);
    folder.dirs().for_each(|below| collect(below, files));
}

impl Shown {
    fn new(path: &str, plain: &'static [u8]) -> Option<Self> {
        let kind = KINDS.iter().find(|(end, _)| path.ends_with(end))?.1;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let packed = packer.write_all(plain).and_then(|()| packer.finish()).ok();
        let packed = packed.filter(|packed| packed.len() < plain.len()).map(Bytes::from);
        let hash = BASE64URL_NOPAD.encode(&digest(&SHA256, plain).as_ref()[..16]);
        // Weak: packed or not, it is the same page.
        let etag = HeaderValue::try_from(format!("W/\"{hash}\"")).ok()?;
        Some(Self { kind, plain, packed, etag })
    }
}

/// What is at no other path: a file, or that there is none.
pub(super) async fn show(request: Request) -> Response {
    let path = match request.uri().path() {
        "/" => INDEX,
        path => path.strip_prefix('/').unwrap_or(path),
    };
    let Some(file) = SHOWN.get(path) else {
        return (StatusCode::NOT_FOUND, "Not here; see /\n").into_response();
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allowed = [(header::ALLOW, "GET, HEAD")];
        return (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response();
    }
    let keep =
        if path.starts_with(FOR_EVER) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::ETAG, file.etag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let lists = |name, wanted: &str| {
        let fields = request.headers().get_all(name).iter().filter_map(|field| field.to_str().ok());
        fields.flat_map(|field| field.split(',')).any(|item| item.trim() == wanted)
    };
    if lists(header::IF_NONE_MATCH, file.etag.to_str().unwrap_or_default()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    match &file.packed {
        Some(packed) if lists(header::ACCEPT_ENCODING, "gzip") => {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            (headers, packed.clone()).into_response()
        }
        _ => (headers, file.plain).into_response(),
    }
}
