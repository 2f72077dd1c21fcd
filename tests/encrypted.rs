//! Doors for clients that encrypt, and asking over them: one server forwards to another.

mod house;

use std::net::SocketAddr;

use data_encoding::BASE64URL_NOPAD;
use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{PATIENCE, Server};
use reqwest::{Certificate, Client, Method, StatusCode};

/// A server with encrypted doors, and where they are: TLS, HTTPS, QUIC.
fn server(upstream: &Upstream) -> (Server, [SocketAddr; 3]) {
    let mut server = Server::start(&format!(
        "upstream: {}\nencrypted: {{ tls: 127.0.0.1:0, https: 127.0.0.1:0, quic: 127.0.0.1:0 }}",
        upstream.url()
    ));
    let doors = [(); 3]
        .map(|()| server.wait_for("answering DNS on ").trim_end_matches(',').parse().unwrap());
    (server, doors)
}

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

#[test]
fn one_server_forwards_to_another_over_every_transport() {
    let upstream = upstream();
    let (server, [tls, https, quic]) = server(&upstream);
    let ca = server.path("data").join("ca.pem");
    let transports = [
        (format!("tls://{tls}"), "tls"),
        (format!("https://{https}/dns-query#localhost"), "https"),
        (format!("h3://{https}/dns-query#localhost"), "h3"),
        (format!("quic://{quic}"), "quic"),
    ];
    for (url, transport) in &transports {
        let settings = format!("upstream: {{ servers: \"{url}\", ca: {} }}", ca.display());
        let front = Server::start(&settings);
        let ask = |name: &str| rcode(&front.ask(&query(1, name, A)));
        for index in 0..150 {
            assert_eq!(ask(&format!("n{index}.{transport}.example.org")), NOERROR, "{url}");
        }
        assert_eq!(ask("www.doubleclick.net"), NXDOMAIN);
        let counted = server.metric("trackless_answers_total");
        let label = format!("transport=\"{transport}\"");
        let answers: f64 =
            counted.iter().filter(|(of, _)| of.contains(&label)).map(|(_, count)| count).sum();
        assert!(answers >= 150.0, "{counted:?}");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_asked() {
    let upstream = upstream();
    let (_server, [tls, https, quic]) = server(&upstream);
    let https = format!("{https}/dns-query#localhost");
    for url in [
        format!("tls://{tls}"),
        format!("quic://{quic}"),
        format!("https://{https}"),
        format!("h3://{https}"),
    ] {
        let front = Server::start(&format!("upstream: {{ servers: \"{url}\", timeout: 1s }}"));
        assert_eq!(rcode(&front.ask(&query(1, "www.example.org", A))), house::dns::SERVFAIL);
    }
    assert!(upstream.asked("www.example.org").is_empty());
}

#[test]
fn requests_are_those_of_the_standard() {
    let upstream = upstream();
    let (server, [_, https, _]) = server(&upstream);
    let ca = std::fs::read(server.path("data").join("ca.pem")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&ca).unwrap()])
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let base = format!("https://{https}/dns-query");
        let message = query(0, "www.example.org", A);
        let get = |url: String| client.get(url).send();
        let encoded = BASE64URL_NOPAD.encode(&message);
        for path in [format!("?dns={encoded}"), format!("/tv?x=1&dns={encoded}==")] {
            let response = get(format!("{base}{path}")).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.version(), reqwest::Version::HTTP_2);
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "application/dns-message");
            assert!(["max-age=300", "max-age=299"].contains(&&*header("cache-control")));
            assert_eq!(rcode(&response.bytes().await.unwrap()), NOERROR);
        }
        let post = |kind: &'static str, body: Vec<u8>| {
            client.post(&base).header("content-type", kind).body(body).send()
        };
        let dns = "application/dns-message";
        assert_eq!(rcode(&post(dns, message.clone()).await.unwrap().bytes().await.unwrap()), 0);
        let status = |response: Result<reqwest::Response, _>| response.unwrap().status().as_u16();
        assert_eq!(status(post("text/plain", message.clone()).await), 415);
        assert_eq!(status(post(dns, vec![0; 70_000]).await), 413);
        assert_eq!(status(post(dns, vec![0; 3]).await), 403);
        assert_eq!(status(get(format!("https://{https}/")).await), 404);
        assert_eq!(status(get(format!("{base}x?dns=AAAA")).await), 404);
        assert_eq!(status(get(base.clone()).await), 400);
        assert_eq!(status(get(format!("{base}?dns=!")).await), 400);
        assert_eq!(status(client.request(Method::PUT, &base).send().await), 405);
    });
}

#[test]
fn a_device_may_say_its_name() {
    let upstream = upstream();
    let (server, [tls, https, quic]) = server(&upstream);
    let ca = server.path("data").join("ca.pem");
    for (device, url) in [
        ("tv", format!("tls://{tls}#tv.trackless.home.arpa")),
        ("phone", format!("https://{https}/dns-query/Phone#localhost")),
        ("car", format!("h3://{https}/dns-query/car#localhost")),
        ("desk", format!("quic://{quic}#desk.trackless.home.arpa")),
    ] {
        let settings = format!("upstream: {{ servers: \"{url}\", ca: {} }}", ca.display());
        let front = Server::start(&settings);
        assert_eq!(rcode(&front.ask(&query(1, "www.doubleclick.net", A))), NXDOMAIN);
        let asked = query(1, &format!("{device}.example.org"), A);
        assert_eq!(rcode(&front.ask(&asked)), NOERROR, "{url}");
        let counted = server.metric("trackless_queries_total");
        let label = format!("device=\"{device}\"");
        assert!(counted.iter().any(|(of, _)| of.contains(&label)), "{device}: {counted:?}");
    }
}
