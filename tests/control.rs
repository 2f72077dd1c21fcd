//! Orders to a running server, and what it keeps while it is stopped.

mod house;

use std::path::Path;

use house::dns::{A, NOERROR, NXDOMAIN, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, run};

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

/// How often `upstream` was asked for each of `names`, after `server` has been.
fn asked<const N: usize>(server: &Server, upstream: &Upstream, names: [&str; N]) -> [usize; N] {
    names.map(|name| {
        assert_eq!(rcode(&server.ask(&query(1, name, A))), NOERROR);
        upstream.asked(name).len()
    })
}

#[test]
fn held_answers_can_be_let_go() {
    let upstream = upstream();
    let server = Server::start(&format!("upstream: {}", upstream.url()));
    let names = ["example.org", "www.Example.org", "example.com"];
    assert_eq!(asked(&server, &upstream, names), [1, 1, 1]);
    assert_eq!(asked(&server, &upstream, names), [1, 1, 1]);
    let data = server.path("data");
    let flush = |name: &str| {
        let arguments = ["cache", "flush", name, "--data", data.to_str().unwrap()];
        run(&arguments, Path::new("."), "")
    };
    let (done, said, _) = flush("example.org");
    assert!(done && said == "2 answers let go\n", "{said}");
    assert_eq!(asked(&server, &upstream, names), [2, 2, 1]);
    assert_eq!(flush("*").1, "3 answers let go\n");
    assert_eq!(asked(&server, &upstream, names), [3, 3, 2]);
    let (done, _, error) = flush("no..name");
    assert!(!done && error.contains("`no..name` is not a name"), "{error}");
    drop(server);
    let nowhere = tempfile::tempdir().unwrap();
    let arguments = ["cache", "flush", "*", "--data", nowhere.path().to_str().unwrap()];
    let (done, _, error) = run(&arguments, Path::new("."), "");
    assert!(!done && error.contains("no server runs"), "{error}");
}

#[test]
fn answers_are_kept_over_a_restart_where_that_is_wanted() {
    let upstream = upstream();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("kept");
    for (keep, before) in [(true, 0), (true, 1), (false, 1), (true, 2), (false, 3)] {
        assert_eq!(upstream.asked("www.example.org").len(), before);
        let settings = format!(
            "upstream: {}\ncache: {{ keep: {keep} }}\ndata: {}",
            upstream.url(),
            data.display()
        );
        let mut server = Server::start(&settings);
        assert_eq!(rcode(&server.ask(&query(1, "www.example.org", A))), NOERROR);
        server.signal("-TERM");
        assert!(server.wait().success());
        assert_eq!(data.join("cache.bin").exists(), keep, "names are written only if wanted");
    }
}

#[test]
fn a_setting_is_made_while_the_server_runs_and_stays() {
    let (upstream, folder) = (upstream(), tempfile::tempdir().unwrap());
    let data = folder.path().join("kept");
    let start = || {
        let given =
            format!("upstream: {}\ndata: {}\nlevel: relaxed", upstream.url(), data.display());
        Server::start(&given)
    };
    let server = start();
    let order = |words: &[&str]| {
        run(&[words, &["--data", data.to_str().unwrap()]].concat(), Path::new("."), "")
    };
    let asks = |server: &Server| rcode(&server.ask(&query(1, "own.example", A)));
    assert_eq!(asks(&server), NOERROR);
    let (done, said, error) = order(&["config", "set", "rules.block", "[own.example]"]);
    assert!(done && said == "rules.block is set\n", "{said}{error}");
    assert_eq!(asks(&server), NXDOMAIN);
    let (done, _, error) = order(&["config", "set", "rules.block", "[own..example]"]);
    assert!(!done && error.contains("rules.block:1:2: "), "{error}");
    let (done, _, error) = order(&["config", "set", "local.hosts", "/etc/shadow"]);
    assert!(!done && error.contains("files are named in the settings file only"), "{error}");
    let said = order(&["config", "set", "workers", "2"]).1;
    assert_eq!(said, "workers is set, from the next start on\n");
    server.signal("-HUP");
    let config = server.path("trackless.yaml");
    let shown = order(&["config", "show", "--config", config.to_str().unwrap()]).1;
    assert!(shown.contains("[set since]\nworkers: 2\n"), "{shown}");
    assert_eq!(asks(&server), NXDOMAIN);
    drop(server);
    let server = start();
    assert_eq!(asks(&server), NXDOMAIN, "and after a restart");
    let said = order(&["config", "unset", "rules.block"]).1;
    assert_eq!(said, "rules.block is as the file says\n");
    assert_eq!(asks(&server), NOERROR);
    assert!(!order(&["config", "unset", "rules.block"]).0);
}
