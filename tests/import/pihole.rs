//! Pi-hole, versions 6 and 5.

use tempfile::tempdir;

use super::archives::{gravity, tar, zip};
use super::house::dns::{NOERROR, NXDOMAIN, query};
use super::{NOBODY, ask, has, imported, serve, upstream};

#[test]
fn pihole_6_comes_over() {
    let folder = tempdir().unwrap();
    let (all, corp) = (upstream(1), upstream(2));
    let list = folder.path().join("kids.txt");
    std::fs::write(&list, "listed.test\n").unwrap();
    let rows = format!(
        "INSERT INTO \"group\" VALUES (0, 1, 'Default'), (1, 1, 'kids'), (2, 0, 'old');
         INSERT INTO adlist VALUES (1, 'file://{}', 1, 'for kids', 0), (2, '{NOBODY}', 0, '', 0),
             (3, '{NOBODY}?', 1, '', 0);
         INSERT INTO adlist_by_group VALUES (1, 1), (2, 0), (3, 2);
         INSERT INTO domainlist VALUES (1, 1, 'ads.test', 1), (2, 3, '(\\.|^)wild\\.test$', 1),
             (3, 3, '^x[0-9]+\\.test$', 1), (4, 0, 'ok.wild.test', 1), (5, 3, '^y;invert', 1),
             (6, 2, '^x9\\.test$', 1);
         INSERT INTO domainlist_by_group VALUES (1, 0), (1, 1), (2, 0), (3, 1), (4, 0), (5, 0), (6, 1);
         INSERT INTO client VALUES (1, '127.0.0.2', 'Anna''s tablet'), (2, '127.0.0.3', NULL),
             (3, ':eth0', NULL);
         INSERT INTO client_by_group VALUES (1, 1), (2, 0), (2, 1), (3, 0);",
        list.display()
    );
    let toml = format!(
        "[dns]\n  upstreams = [\"127.0.0.1#{}\"] ### CHANGED\n  hosts = [\"192.168.1.5 nas.lan\"]\n  \
         cnameRecords = [\"files.lan,nas.lan,300\"]\n  revServers = [\"true,192.168.1.0/24,127.0.0.1#{},corp.test\"]\n  \
         blockTTL = 7\n  port = 53\n  queryLogging = true\n  [dns.domain]\n    name = \"lan\"\n  [dns.blocking]\n    \
         mode = \"NXDOMAIN\"\n[dhcp]\n  hosts = [\"02:00:00:00:00:09,192.168.1.9,printer\"]\n",
        all.address.port(),
        corp.address.port()
    );
    let parts: [(&str, &[u8]); 3] = [
        ("etc/pihole/pihole.toml", toml.as_bytes()),
        ("etc/hosts", b"127.0.0.1 localhost"),
        ("etc/pihole/gravity.db", &gravity(folder.path(), &rows)),
    ];
    let said = imported(folder.path(), "pihole", "teleporter.zip", &zip(&parts));
    for line in [
        "+ deny ads.test",
        "+ device Anna's tablet",
        "+ client 127.0.0.3",
        "+ device printer",
        "+ record nas.lan A 192.168.1.5",
        "- list https://lists.example/ads.txt: switched off there",
        "- list https://lists.example/ads.txt?: it counts for nobody there",
        "- group old: switched off there",
        "- deny ^y;invert: an inverted expression",
        "- client :eth0: ",
        "- query log: ",
    ] {
        assert!(said.lines().any(|known| known.starts_with(line)), "no {line} in\n{said}");
    }
    let yaml = std::fs::read_to_string(folder.path().join("trackless.yaml")).unwrap();
    assert!(yaml.contains("ttl: 7s") && yaml.contains("suffix: lan"), "{yaml}");

    let server = serve(folder);
    assert_eq!([1, 2, 3].map(|from| ask(&server, from, "ads.test")), [NXDOMAIN; 3]);
    assert_eq!(ask(&server, 1, "a.ads.test"), NOERROR, "the name alone");
    let wild = [1, 2, 3].map(|from| ask(&server, from, "a.wild.test"));
    assert_eq!(wild, [NXDOMAIN, NOERROR, NXDOMAIN], "not for whom only the kids' group holds");
    assert_eq!(ask(&server, 1, "ok.wild.test"), NOERROR);
    let regex = [1, 2, 3].map(|from| ask(&server, from, "x7.test"));
    assert_eq!(regex, [NOERROR, NXDOMAIN, NXDOMAIN]);
    assert_eq!(ask(&server, 2, "x9.test"), NOERROR, "an allowing expression beats a denying one");
    server.until("the list is there", |server| ask(server, 2, "listed.test") == NXDOMAIN);
    assert_eq!([1, 3].map(|from| ask(&server, from, "listed.test")), [NOERROR, NXDOMAIN]);
    assert!(
        has(&server, "nas.lan", [192, 168, 1, 5]) && has(&server, "files.lan", [192, 168, 1, 5])
    );
    assert!(
        has(&server, "x.corp.test", [192, 0, 2, 2]) && has(&server, "else.test", [192, 0, 2, 1])
    );
}

#[test]
fn pihole_5_comes_over() {
    let folder = tempdir().unwrap();
    let (all, corp) = (upstream(1), upstream(2));
    let setup = format!(
        "PIHOLE_DNS_1=127.0.0.1#{}\nREV_SERVER=true\nREV_SERVER_CIDR=192.168.0.0/23\nREV_SERVER_TARGET=127.0.0.1#{}\n\
         REV_SERVER_DOMAIN=corp.test\nBLOCKING_ENABLED=true\nDHCP_ACTIVE=true\n",
        all.address.port(),
        corp.address.port()
    );
    let archive = tar(&[
        ("blacklist.exact.json", r#"[{"id":1,"type":1,"domain":"ads.test","enabled":1}]"#),
        ("whitelist.regex.json", r#"[{"id":2,"domain":"^ads\\.good\\.test$","enabled":1}]"#),
        ("blacklist.regex.json", r#"[{"id":3,"domain":"^ads\\.","enabled":1}]"#),
        (
            "domainlist_by_group.json",
            r#"[{"domainlist_id":1,"group_id":1},{"domainlist_id":2,"group_id":0},{"domainlist_id":2,"group_id":1},{"domainlist_id":3,"group_id":0}]"#,
        ),
        (
            "group.json",
            r#"[{"id":0,"enabled":1,"name":"Default"},{"id":1,"enabled":1,"name":"kids"}]"#,
        ),
        ("client.json", r#"[{"id":1,"ip":"127.0.0.2","comment":null}]"#),
        ("client_by_group.json", r#"[{"client_id":1,"group_id":1}]"#),
        ("setupVars.conf", &setup),
        ("pihole-FTL.conf", "BLOCKINGMODE=NXDOMAIN\nRATE_LIMIT=0/0\n"),
        ("custom.list", "192.168.1.5 nas.lan\n"),
        ("dnsmasq.d/05-pihole-custom-cname.conf", "cname=files.lan,nas.lan\n"),
        ("dnsmasq.d/09-mine.conf", "address=/own.test/192.0.2.77\nlog-queries\n"),
        ("dnsmasq.d/01-pihole.conf", "server=8.8.8.8\n"),
    ]);
    let said = imported(folder.path(), "pihole", "backup.tar.gz", &archive);
    assert!(
        said.contains("- DHCP server: ") && said.contains("- 09-mine.conf: log-queries: "),
        "{said}"
    );
    let server = serve(folder);
    assert_eq!([1, 2].map(|from| ask(&server, from, "ads.test")), [NXDOMAIN, NXDOMAIN]);
    assert_eq!([1, 2].map(|from| ask(&server, from, "ads.x.test")), [NXDOMAIN, NOERROR]);
    assert_eq!(ask(&server, 1, "ads.good.test"), NOERROR);
    assert!(
        has(&server, "files.lan", [192, 168, 1, 5]) && has(&server, "own.test", [192, 0, 2, 77])
    );
    assert!(
        has(&server, "x.corp.test", [192, 0, 2, 2]) && has(&server, "else.test", [192, 0, 2, 1])
    );
    let name = "7.1.168.192.in-addr.arpa";
    server.ask(&query(1, name, 12));
    assert_eq!((corp.asked(name).len(), all.asked(name).len()), (1, 0), "both /24 of the /23");
}
