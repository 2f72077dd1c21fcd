use proptest::prelude::*;

use super::*;

fn rules_of(text: &[u8], format: Option<Format>) -> (Vec<String>, Outcome) {
    let mut rules = Vec::new();
    let outcome = read(text, format, |_, rule| rules.push(rule.to_string())).unwrap();
    (rules, outcome)
}

/// Rules in the notation of Adblock-style lists, and the numbers of skipped lines.
macro_rules! reads {
    ($format:expr; $($name:ident: $text:expr => $rules:expr, skipped $skipped:expr;)*) => {$(
        #[test]
        fn $name() {
            let (rules, outcome) = rules_of($text.as_ref(), $format);
            assert_eq!(rules, $rules as [&str; _]);
            assert_eq!(outcome.rules, rules.len() as u64);
            let lines: Vec<_> = outcome.first_skipped.iter().map(|skip| skip.line).collect();
            assert_eq!(lines, $skipped as [u64; _]);
            assert_eq!(outcome.skipped.values().sum::<u64>(), lines.len() as u64);
        }
    )*};
}

reads! { None;
    nothing: "" => [], skipped [];
    names: "a.test\nb.test\n" => ["|a.test^", "|b.test^"], skipped [];
    the_last_line_needs_no_end: "a.test" => ["|a.test^"], skipped [];
    windows_lines_and_a_mark: "\u{feff}a.test\r\n\r\nb.test\r\n" => ["|a.test^", "|b.test^"], skipped [];
    comments: "# x\n! y\n; z\na.test # why\n" => ["|a.test^"], skipped [];
    names_in_capitals: "A.Test.\n" => ["|a.test^"], skipped [];
    trees: "*.a.test\n.b.test\n" => ["||a.test^", "||b.test^"], skipped [];
    stars: "ads*.a.test\nb.test\n" => ["|ads*.a.test|", "|b.test^"], skipped [];
    bad_names: "a..b\nok.test\nb!.test\n-\n*\n" => ["|ok.test^", "|-^"], skipped [1, 3, 5];
    two_words: "a.test b.test\n" => [], skipped [1];
    names_of_the_world: "b\u{fc}cher.test\nxn--bcher-kva.test\n" => ["|xn--bcher-kva.test^", "|xn--bcher-kva.test^"], skipped [];
    latin_1: b"b\xfccher.test\n" => ["|xn--bcher-kva.test^"], skipped [];
    hosts: "0.0.0.0 a.test b.test\n127.0.0.1\tc.test\n:: d.test\n" => ["|a.test^", "|b.test^", "|c.test^", "|d.test^"], skipped [];
    hosts_own_names: "127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n255.255.255.255 broadcasthost\n0.0.0.0 a.test\n" => ["|a.test^"], skipped [];
    hosts_own_names_with_a_dot: "127.0.0.1 localhost. a.test.\n0.0.0.0 0.0.0.0.\n" => ["|a.test^"], skipped [];
    hosts_elsewhere: "0.0.0.0 a.test\n192.0.2.7 nas.test\nb.test\n0.0.0.0 ok.test b..d\n" => ["|a.test^", "|nas.test^$dnsrewrite=192.0.2.7", "|ok.test^"], skipped [3, 4];
    networks: "192.0.2.1\n198.51.100.0/24\n2001:db8::/32\n0.0.0.0/0\na.test\n" => ["192.0.2.1/32", "198.51.100.0/24", "2001:db8::/32", "|a.test^"], skipped [4];
    a_comment_only: "# nothing here\n" => [], skipped [];
}

reads! { None;
    adblock_names: "[Adblock Plus 2.0]\n! x\n# y\n||a.test^\n|b.test^\nc.test\n||d.test|\n" =>
        ["||a.test^", "|b.test^", "|c.test^", "||d.test^"], skipped [];
    adblock_allows: "@@||a.test^\n@@|b.test^$important\n||c.test^$important\n" =>
        ["@@||a.test^", "@@|b.test^$important", "||c.test^$important"], skipped [];
    adblock_below: "||*.a.test^\n*.b.test^\n.c.test^\n" => ["||*.a.test^", "||*.b.test^", "||*.c.test^"], skipped [];
    adblock_globs: "||ad*.test^\nads.test^\n||ads.\n|ads-\n.ads.\n||a.test^$dnstype=A\n" =>
        ["||ad*.test|", "*ads.test|", "||ads.*", "|ads-*", "*.ads.*", "||a.test^$dnstype=A"], skipped [];
    adblock_regex: "/^ads[0-9]+\\./\n@@/^ok\\.ads/$important\n/(/\n||a.test^\n" =>
        ["/^ads[0-9]+\\./", "@@/^ok\\.ads/$important", "||a.test^"], skipped [3];
    adblock_hosts_between: "||a.test^\n0.0.0.0 b.test # no\nc.test # yes\n" => ["||a.test^", "|b.test^", "|c.test^"], skipped [];
    adblock_browser_rules: "||a.test^\nb.test##.ad\nc.test#@#.ad\n||d.test^$third-party\n||e.test/path^\n##.ad\n||f.test^$image,domain=x\n||g.test^$wat\n" =>
        ["||a.test^"], skipped [2, 3, 4, 5, 6, 7, 8];
    adblock_networks: "||192.0.2.1^\n||198.51.100.7/24^$important\n@@2001:db8::1\n||1/8^\n||a.test^\n" =>
        ["192.0.2.1/32", "198.51.100.0/24$important", "@@2001:db8::1/128", "||a.test^"], skipped [4];
    adblock_cancels: "||a.test^$badfilter\n||a.test^$important,badfilter\n" =>
        ["||a.test^$badfilter", "||a.test^$important,badfilter"], skipped [];
    adblock_conditions: "||a.test^$dnstype=~A|AAAA\n||b.test^$client=192.0.2.0/24|~'Mum\\'s\\, phone',important\n||c.test^$ctag=~device_tv|user_child\n*$denyallow=com|b.net\n||d.test^$dnstype=~HTTPS\n" => [
        "||a.test^$dnstype=AAAA|~A",
        "||b.test^$important,client=192.0.2.0/24|~mum's\\, phone",
        "||c.test^$ctag=user_child|~device_tv",
        "*$denyallow=b.net|com",
        "||d.test^$dnstype=~HTTPS",
    ], skipped [];
    adblock_short_replies: "||a.test^$dnsrewrite=192.0.2.1\n||b.test^$dnsrewrite=::1\n||c.test^$dnsrewrite=safe.test\n||g.test^$dnsrewrite=refused.\n||d.test^$dnsrewrite=REFUSED\n||e.test^$dnsrewrite=NOERROR\n@@||f.test^$dnsrewrite\n" => [
        "||a.test^$dnsrewrite=192.0.2.1",
        "||b.test^$dnsrewrite=::1",
        "||c.test^$dnsrewrite=safe.test",
        "||g.test^$dnsrewrite=refused.",
        "||d.test^$dnsrewrite=REFUSED",
        "||e.test^$dnsrewrite=NOERROR",
        "@@||f.test^",
    ], skipped [];
    adblock_full_replies: "||a.test^$dnsrewrite=NOERROR;A;192.0.2.1\n||b.test^$dnsrewrite=NXDOMAIN;;\n||c.test^$dnsrewrite=NOERROR;TXT;hi\n||d.test^$dnsrewrite=NOERROR;MX;10 m.test\n||e.test^$dnsrewrite=NOERROR;CNAME;safe.test\n||f.test^$dnsrewrite=NOERROR;HTTPS;1 . alpn=h3\n||g.test^$dnsrewrite=NOERROR;A;nonsense\n||h.test^$dnsrewrite=NOERROR;SRV;1 2 443 s.test\n||i.test^$dnsrewrite=NOERROR;PTR;p.test.\n" => [
        "||a.test^$dnsrewrite=192.0.2.1",
        "||b.test^$dnsrewrite=NXDOMAIN",
        "||c.test^$dnsrewrite=NOERROR;TYPE16;\\# 3 026869",
        "||d.test^$dnsrewrite=NOERROR;TYPE15;\\# 10 000a016d047465737400",
        "||e.test^$dnsrewrite=safe.test",
        "||f.test^$dnsrewrite=NOERROR;TYPE65;\\# 10 00010000010003026833",
        "||h.test^$dnsrewrite=NOERROR;TYPE33;\\# 14 0001000201bb0173047465737400",
        "||i.test^$dnsrewrite=NOERROR;TYPE12;\\# 8 0170047465737400",
    ], skipped [7];
    adblock_slips: "||a.test^\n*\n||^\n@@\n||a b^\n||x.test:8080^\n" => ["||a.test^"], skipped [2, 3, 4, 5, 6];
}

reads! { None;
    regex_lists: "# x\n^ads?[0-9]+\\.\n(^|\\.)tracker\\.test$;querytype=A,AAAA\n^metrics\\.;querytype=!HTTPS;reply=NODATA\nlog\\.test$;reply=192.0.2.1\n(\n^cdn\\.;wat\n;reply=192.0.2.1\n" => [
        "/^ads?[0-9]+\\./",
        "/(^|\\.)tracker\\.test$/$dnstype=A|AAAA",
        "/^metrics\\./$dnstype=~HTTPS,dnsrewrite=NOERROR",
        "/log\\.test$/$dnsrewrite=192.0.2.1",
    ], skipped [6, 7, 8];
    dnsmasq: "# x\naddress=/a.test/#\naddress=/b.test/c.test/0.0.0.0\naddress=/d.test/192.0.2.9\nserver=/e.test/\nserver=/f.test/#\nlocal=/g.test/\nserver=/h.test/192.0.2.1\nserver=192.0.2.1\ncache-size=5\naddress=/i.test/ # why\n" => [
        "||a.test^", "||b.test^", "||c.test^", "||d.test^$dnsrewrite=192.0.2.9", "||e.test^", "@@||f.test^", "||g.test^", "||i.test^",
    ], skipped [8, 9, 10];
    unbound: "server:\nlocal-zone: \"a.test.\" always_nxdomain\nlocal-zone: \"b.test\" redirect\nlocal-data: \"b.test A 0.0.0.0\"\nlocal-zone: c.test always_null\nlocal-data: 'd.test. 3600 IN A 192.0.2.4'\nlocal-zone: \"e.test\" refuse\nlocal-zone: \"f.test\" always_transparent\nlocal-zone: \"g.test\" deny\nlocal-zone: \"h.test\" wat\n" => [
        "||a.test^", "||b.test^", "||c.test^", "|d.test^$dnsrewrite=192.0.2.4", "||e.test^$dnsrewrite=REFUSED", "@@||f.test^", "||g.test^$dnsrewrite=DROP",
    ], skipped [10];
    rpz: "$TTL 2h\n$ORIGIN rpz.test.\n@ SOA localhost. root.localhost. (\n 1 2h 30m\n 30d 1h )\n NS localhost.\n; x\na.test CNAME .\n*.a.test CNAME .\nb.test.rpz.test. CNAME *.\nc.test IN CNAME rpz-passthru.\nd.test 60 IN CNAME rpz-drop.\ne.test CNAME garden.test.\nf.test A 192.0.2.5\n24.0.2.0.192.rpz-ip CNAME .\n32.1.2.0.192.rpz-client-ip CNAME rpz-passthru.\nns.test.rpz-nsdname CNAME .\n48.zz.db8.2001.rpz-ip CNAME .\n" => [
        "|a.test^", "||*.a.test^", "|b.test^$dnsrewrite=NOERROR", "@@|c.test^", "|d.test^$dnsrewrite=DROP", "|e.test^$dnsrewrite=garden.test",
        "|f.test^$dnsrewrite=192.0.2.5", "192.0.2.0/24", "@@*$client=192.0.2.1/32", "2001:db8::/48",
    ], skipped [17];
}

reads! { Some(Format::Names);
    a_format_that_is_given_holds: "||a.test^\nb.test\n" => ["|b.test^"], skipped [1];
}

#[test]
fn formats_are_told_by_content() {
    for (text, format) in [
        ("a.test\n# x\nb.test\n", Format::Names),
        ("# x\n0.0.0.0 a.test\n", Format::Hosts),
        ("a.test\nb.test\n@@||c.test^\n", Format::Adblock),
        ("||a.test^\n0.0.0.0 b.test\n", Format::Adblock),
        ("(^|\\.)a\\.test$\nb.test\n^c\n", Format::Regex),
        ("# x\nlocal=/a.test/\n", Format::Dnsmasq),
        ("local-zone: \"a.test\" static\n", Format::Unbound),
        ("$TTL 60\n@ IN SOA a. b. 1 2 3 4 5\na.test CNAME .\n", Format::Rpz),
        ("<html>\n<body>Not found</body>\n", Format::Names),
    ] {
        assert_eq!(rules_of(text.as_bytes(), None).1.format, Some(format), "{text}");
    }
}

#[test]
fn an_absurd_line_is_passed_over() {
    let mut text = vec![b'a'; 3 << 20];
    text.extend_from_slice(b"\nb.test\n");
    let (rules, outcome) = rules_of(&text, None);
    assert_eq!(rules, ["|b.test^"]);
    let [skipped] = &outcome.first_skipped[..] else { panic!() };
    assert_eq!((skipped.line, &skipped.reason), (1, &Reason::LongLine));
    assert_eq!(outcome.skipped, BTreeMap::from([("too long", 1)]));
}

#[test]
fn bad_lines_are_counted_but_not_all_kept() {
    let (_, outcome) = rules_of("a..b\n".repeat(1_000).as_bytes(), None);
    assert_eq!(outcome.skipped, BTreeMap::from([("not a name", 1_000)]));
    assert_eq!(outcome.first_skipped.len(), KEPT_SKIPS);
    assert_eq!(outcome.first_skipped[0].to_string(), "line 1: a label is empty: a..b");
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let (_, outcome) = rules_of(b"a b\x1b[2J\x07\n", Some(Format::Names));
    assert_eq!(outcome.first_skipped[0].text, "a b[2J");
}

fn any_format() -> impl Strategy<Value = Option<Format>> {
    let all: Vec<_> =
        Format::ALL.into_iter().map(|(format, _)| Some(format)).chain([None]).collect();
    prop::sample::select(all)
}

/// What is read, written down as it is shown, reads the same again.
fn round_trip(text: &str, format: Option<Format>) {
    let (first, _) = rules_of(text.as_bytes(), format);
    let first: Vec<_> = first.into_iter().filter(|rule| !rule.contains("rpz-ip")).collect();
    let (again, outcome) = rules_of(first.join("\n").as_bytes(), Some(Format::Adblock));
    assert_eq!(&outcome.first_skipped, &[]);
    assert_eq!(first, again);
}

#[test]
fn odd_lines_that_once_did_not_read_the_same_again() {
    for (text, format) in [
        ("|=", Some(Format::Regex)),
        ("||**.^$important", Some(Format::Adblock)),
        ("\n-*\n", Some(Format::Adblock)),
        ("$\n^\n", None),
        ("=^ #", Some(Format::Regex)),
        ("\n**.-\n", Some(Format::Names)),
        ("\n|*.a\n", Some(Format::Names)),
        ("1.2.3.4.", Some(Format::Names)),
        ("0.0.0.0 1.2.3.4", Some(Format::Hosts)),
        ("address=/a.test/1.2.3.4/", Some(Format::Dnsmasq)),
        ("1.2.3.4 CNAME .", Some(Format::Rpz)),
        ("||\u{ff11}.2.3.4^", Some(Format::Adblock)),
    ] {
        round_trip(text, format);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(
        text in proptest::collection::vec(any::<u8>(), 0..2_000),
        format in any_format(),
    ) {
        let (rules, outcome) = rules_of(&text, format);
        prop_assert!(outcome.rules == rules.len() as u64);
    }

    #[test]
    fn what_is_read_reads_the_same_again(
        text in "([a-c.*#|^@$/~=;,:!0-9 -]{0,16}|\\|\\|[a-c.*]{1,6}\\^\\$(important|dnstype=~?A|client=(~a|10.0.0.0/8)|denyallow=a.b|dnsrewrite=(10.0.0.1|a.b|NXDOMAIN|NOERROR;TXT;x)|badfilter)(,important)?|(address|server|local)=/[a-c.]{1,5}/(#|10.0.0.1)?|[*.]{0,2}[a-c.]{1,5} (CNAME|A) [a-c.*]{1,4}|local-zone: \"[a-c.]{1,5}\" (static|deny|redirect))(\n([a-c.*|^@ -]{0,12}\n){0,4})?",
        format in any_format(),
    ) {
        round_trip(&text, format);
    }
}
