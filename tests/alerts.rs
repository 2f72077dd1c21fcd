//! Alerts: what is worth one, that it is told once, to whom it is sent, and what is in it.

mod house;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use house::dns::{A, NOERROR, query, rcode, record};
use house::upstream::{Said, Upstream};
use house::{Server, order, run};
use tempfile::TempDir;
use trackless::history::{Row, Store};
use trackless::trackers::Category;

const TRACKER: &str = "planted.doubleclick.net";
const AROUND: &str = "dns.google";
const VISITED: &str = "planted-site.example";
const DEVICES: &str =
    "devices: [{ name: tv, known_by: 127.0.0.5 }, { name: pad, known_by: 127.0.0.6 }]";

fn upstream() -> Upstream {
    Upstream::start(|_, _| Some(Said::answer(record(A, 300, &[192, 0, 2, 1]))))
}

fn ask(server: &Server, from: u8, name: &str) -> u8 {
    rcode(&server.ask_from([127, 0, 0, from], &query(1, name, A)))
}

/// Takes what is posted, and answers each with 200.
struct Receiver {
    address: SocketAddr,
    /// Head and body of each.
    got: Arc<Mutex<Vec<(String, String)>>>,
}

impl Receiver {
    fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), got: Arc::default() };
        let got = Arc::clone(&receiver.got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let got = Arc::clone(&got);
                std::thread::spawn(move || drop(take(stream.unwrap(), &got)));
            }
        });
        receiver
    }

    fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn bodies(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

fn take(stream: TcpStream, got: &Mutex<Vec<(String, String)>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.to_lowercase();
        let length = length
            .split("content-length: ")
            .nth(1)
            .map_or("0", |rest| rest.lines().next().unwrap());
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body)?;
        got.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

/// Has `tv` known for ten days, with a tracker of `Old` in each of `hours` before now.
fn past(data: &Path, hours: &[u64]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    std::fs::create_dir_all(data).unwrap();
    let (mut store, _) = Store::open(data).unwrap();
    let row = Row {
        device: "tv".to_owned(),
        company: "Old".to_owned(),
        category: Some(Category::Analytics),
        block: 1,
        allow: 0,
        pass: 0,
    };
    for hours in hours.iter().chain(&[240]) {
        store.add(std::slice::from_ref(&row), now - hours * 3_600).unwrap();
    }
}

/// A time zone in which it is five now.
fn zone() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let east = (5 + 12 - (now / 3_600 % 24) as i64).rem_euclid(24) - 12;
    // The names of these zones count westwards.
    format!("Etc/GMT{:+}", -east)
}

#[test]
fn what_is_worth_a_word_is_told_once_and_sent_to_whom_the_owner_chose() {
    let upstream = upstream();
    let (webhook, ntfy) = (Receiver::start(), Receiver::start());
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("kept");
    past(&data, &[1, 2, 3, 30]);
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "by-list.example\n").unwrap();
    let settings = format!(
        "upstream: {}\ndata: {}\nhistory: {{ flush: 1s }}\ntime_zone: {}\n{DEVICES}\n\
         lists: [{{ name: own, file: {} }}]\n\
         alerts: {{ webhook: \"http://{}/hook?token=sesame\", ntfy: \"http://me:sesame@{}/topic\" }}\n",
        upstream.url(),
        data.display(),
        zone(),
        list.display(),
        webhook.address,
        ntfy.address,
    );
    let mut server = Server::start(&settings);
    for from in [5, 6] {
        for name in [VISITED, "by-list.example", TRACKER] {
            ask(&server, from, name);
        }
    }
    ask(&server, 6, AROUND);
    std::fs::write(&list, "||com^\n").unwrap();
    server.signal("-HUP");
    let texts = [
        "tv met Google for the first time",
        "tv began to ask for trackers at night",
        "pad asked for a way around Trackless",
        "the newest version of list own is not taken, the one before goes on",
    ];
    let all = |bodies: &[String]| texts.iter().all(|text| bodies.iter().any(|b| b.contains(text)));
    server.until("all are posted", |_| all(&webhook.bodies()) && all(&ntfy.bodies()));
    let bodies = webhook.bodies();
    assert_eq!(bodies.len(), 4, "{bodies:?}");
    let company = bodies.iter().find(|body| body.contains("Google")).unwrap();
    let company: serde_json::Value = serde_json::from_str(company).unwrap();
    assert_eq!((&company["device"], &company["company"]), (&"tv".into(), &"Google".into()));
    assert_eq!((&company["kind"], &company["list"]), (&"new_company".into(), &().into()));
    let (head, _) = webhook.got.lock().unwrap()[0].clone();
    assert!(head.starts_with("POST /hook?token=sesame HTTP/1.1\r\n"), "{head}");
    let (head, _) = ntfy.got.lock().unwrap()[0].clone();
    assert!(
        head.contains("\r\ntitle: Trackless: ") && head.contains("\r\ntags: trackless,"),
        "{head}"
    );
    assert!(head.contains("authorization: Basic bWU6c2VzYW1l"), "{head}");
    let active = server.metric("trackless_alerts_active");
    assert!(active.contains(&("{kind=\"list_stale\"}".to_owned(), 1.0)), "{active:?}");
    let total: f64 = server.metric("trackless_alerts_total").iter().map(|(_, count)| count).sum();
    assert_eq!(total, 4.0);
    let told = order(&data, &["alerts"]);
    assert!(told.lines().count() == 4 && told.contains("Z night: tv began"), "{told}");
    assert!(order(&data, &["alerts", "--json"]).starts_with("[{\"at\":"));
    server.signal("-TERM");
    server.wait_for("stopping");
    assert!(server.wait().success());
    let first_log = std::mem::take(&mut server.log);

    // What goes on is told no more, what is new is.
    let mut server = Server::start(&settings);
    ask(&server, 5, TRACKER);
    ask(&server, 6, AROUND);
    ask(&server, 5, AROUND);
    let new = |bodies: Vec<String>| bodies.iter().any(|body| body.contains("tv asked for a way"));
    server.until("the new one is posted", |_| new(webhook.bodies()) && new(ntfy.bodies()));
    assert_eq!((webhook.bodies().len(), ntfy.bodies().len()), (5, 5));
    assert_eq!(order(&data, &["alerts"]).lines().count(), 1);
    order(&data, &["forget", "--device", "tv"]);
    assert_eq!(order(&data, &["alerts"]), "");
    server.signal("-TERM");
    server.wait_for("stopping");
    assert!(server.wait().success());

    let heads = [&webhook, &ntfy].map(|receiver| format!("{:?}", receiver.got.lock().unwrap()));
    let (_, shown, _) = run(
        &["config", "show", "--config", server.path("trackless.yaml").to_str().unwrap()],
        Path::new("."),
        "",
    );
    for planted in ["planted", "doubleclick", "dns.google", "by-list", "127.0.0.5", "127.0.0.6"] {
        assert!(!heads.iter().any(|sent| sent.contains(planted)), "{planted} is sent: {heads:?}");
        assert!(
            !first_log.contains(planted) && !server.log.contains(planted),
            "{planted} is logged"
        );
    }
    assert!(!first_log.contains("sesame") && !shown.contains("sesame"), "{shown}");
    assert!(shown.contains(&format!("webhook: \"http://{}/...\"", webhook.address)), "{shown}");
}

#[test]
fn a_dead_receiver_is_counted_told_of_once_and_tried_again() {
    let upstream = upstream();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut server = Server::start(&format!(
        "upstream: {}\nhistory: {{ flush: 1s }}\n{DEVICES}\n\
         alerts: {{ kinds: around, webhook: \"http://me:sesame@{address}/x\" }}",
        upstream.url()
    ));
    assert_eq!(ask(&server, 6, AROUND), NOERROR);
    let failed = |server: &Server| {
        let failed = server.metric("trackless_alerts_failed_total");
        failed.iter().find(|(labels, _)| labels.contains("webhook")).unwrap().1
    };
    server.until("it has failed", |server| failed(server) >= 1.0);
    server.wait_for("alerts do not get through by webhook");
    assert_eq!(ask(&server, 6, VISITED), NOERROR);
    let receiver = Receiver::start_at(address);
    server.wait_for("alerts get through by webhook again");
    assert_eq!(receiver.bodies().len(), 1);
    assert_eq!(server.log.matches("do not get through").count(), 1, "{}", server.log);
    assert!(!server.log.contains("sesame") && !server.log.contains("pad"), "{}", server.log);
}

#[test]
fn more_than_an_hour_may_have_is_summed_up_and_devices_need_not_be_told_apart() {
    let upstream = upstream();
    let receiver = Receiver::start();
    let alerts = format!("alerts: {{ rate: 2, webhook: \"http://{}\" }}", receiver.address);
    let settings = format!("upstream: {}\nhistory: {{ flush: 1s }}\n{alerts}\n", upstream.url());
    let server = Server::start(&settings);
    for from in 20..30 {
        ask(&server, from, AROUND);
    }
    server.until("the sum is posted", |_| receiver.bodies().len() == 2);
    let bodies = receiver.bodies();
    assert!(bodies[0].contains("\"kind\":\"around\""), "{bodies:?}");
    assert!(bodies[1].contains("more alerts (") && bodies[1].contains(" around)"), "{bodies:?}");
    drop(server);
    let server = Server::start(&format!("{settings}stats: {{ level: counts }}\n"));
    ask(&server, 20, AROUND);
    ask(&server, 21, TRACKER);
    server.until("counts are written", |server| {
        server.metric("trackless_history_rows_total").iter().any(|(_, rows)| *rows > 0.0)
    });
    assert_eq!(order(&server.path("data"), &["alerts"]), "");
}

/// What came over MQTT: a text for each packet, in their order.
fn broker() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let of_thread = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(speak(stream.unwrap(), &of_thread));
        }
    });
    (address, got)
}

/// One packet after another (MQTT 3.1.1 section 2).
fn speak(mut stream: TcpStream, got: &Mutex<Vec<String>>) -> std::io::Result<()> {
    loop {
        let mut octet = [0];
        stream.read_exact(&mut octet)?;
        let [kind] = octet;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            stream.read_exact(&mut octet)?;
            length |= usize::from(octet[0] & 0x7f) << shift;
            shift += 7;
            if octet[0] < 0x80 {
                break;
            }
        }
        let mut packet = vec![0; length];
        stream.read_exact(&mut packet)?;
        match kind >> 4 {
            1 => {
                got.lock().unwrap().push(String::from_utf8_lossy(&packet).into_owned());
                stream.write_all(&[0x20, 2, 0, 0])?;
            }
            3 => {
                let topic = 2 + usize::from(u16::from_be_bytes([packet[0], packet[1]]));
                let quality = kind >> 1 & 3;
                let payload = if quality == 0 { topic } else { topic + 2 };
                if quality == 1 {
                    stream.write_all(&[0x40, 2, packet[topic], packet[topic + 1]])?;
                }
                let kept = if kind & 1 == 1 { "kept" } else { "once" };
                let text = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap();
                let (topic, payload) = (text(&packet[2..topic]), text(&packet[payload..]));
                got.lock().unwrap().push(format!("{kept} {topic} {payload}"));
            }
            12 => stream.write_all(&[0xd0, 0])?,
            _ => return Ok(()),
        }
    }
}

#[test]
fn home_assistant_is_told_of_the_button_the_day_and_alerts() {
    let upstream = upstream();
    let (address, got) = broker();
    let mut server = Server::start(&format!(
        "upstream: {}\nhistory: {{ flush: 1s }}\n{DEVICES}\n\
         alerts: {{ mqtt: \"mqtt://me:open%20sesame@{address}/my/home\" }}",
        upstream.url()
    ));
    let data = server.path("data");
    let says = |what: &str| got.lock().unwrap().iter().any(|said| said.contains(what));
    server.until("it is there", |_| says("kept my/home/button ON"));
    ask(&server, 6, TRACKER);
    ask(&server, 6, TRACKER);
    ask(&server, 6, AROUND);
    server.until("what was refused is told", |_| says("kept my/home/refused_today 2"));
    server.until("an alert is told", |_| says("once my/home/alert {"));
    order(&data, &["button", "off"]);
    server.until("the button is off", |_| says("kept my/home/button OFF"));
    server.write("trackless.yaml", &server.config().replace("my/home", "other"));
    server.signal("-HUP");
    server.until("it has moved", |_| says("kept other/button OFF"));
    let all = got.lock().unwrap().clone();
    assert!(all[0].contains("my/home/availability") && all[0].contains("open sesame"), "{all:?}");
    let config = "kept homeassistant/event/my_home/alert/config {";
    assert!(all.iter().any(|said| said.starts_with(config)), "{all:?}");
    assert!(all.contains(&"kept my/home/availability online".to_owned()), "{all:?}");
    assert!(all.contains(&"kept my/home/availability offline".to_owned()), "{all:?}");
    let alert = all.iter().find_map(|said| said.strip_prefix("once my/home/alert ")).unwrap();
    let alert: serde_json::Value = serde_json::from_str(alert).unwrap();
    assert_eq!((&alert["event_type"], &alert["device"]), (&"around".into(), &"pad".into()));
    server.signal("-TERM");
    server.wait_for("stopping");
    assert!(server.wait().success());
    assert!(
        !all.iter().any(|said| said.contains("planted") || said.contains("dns.google")),
        "{all:?}"
    );
    assert!(!server.log.contains("sesame"), "{}", server.log);
}
