//! A load balancer that says for whom it asks.

mod house;

use std::io::Write as _;
use std::net::UdpSocket;

use house::dns::{A, NXDOMAIN, REFUSED, query, rcode};
use house::{PATIENCE, Server, read_framed, send_framed};

/// The header of a load balancer, PROXY protocol version 2, for a client at 192.0.2.`last`.
fn header(last: u8) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c".to_vec();
    header.extend_from_slice(&[192, 0, 2, last, 127, 0, 0, 1, 0x30, 0x39, 0, 53]);
    header
}

fn server(access: &str) -> Server {
    Server::start(&format!("access: {{ {access}, on_link: false, rate: 0 }}"))
}

#[test]
fn the_client_is_the_one_that_it_names() {
    let server = server("networks: [192.0.2.7], proxies: [127.0.0.1]");
    let question = query(1, "doubleclick.net", A);
    let udp = |message: &[u8]| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send_to(message, server.dns).unwrap();
        let mut reply = [0; 1_232];
        let length = socket.recv(&mut reply).unwrap();
        rcode(&reply[..length])
    };
    // Without a header it is not answered: the one behind it is.
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&question, server.dns).unwrap();
    assert_eq!(udp(&[header(7), question.clone()].concat()), NXDOMAIN);
    assert_eq!(udp(&[header(8), question.clone()].concat()), REFUSED);
    let tcp = |start: &[u8]| {
        let mut stream = server.connect();
        stream.write_all(start).unwrap();
        send_framed(&mut stream, &question);
        read_framed(&mut stream).map(|reply| rcode(&reply))
    };
    assert_eq!(tcp(&header(7)), Some(NXDOMAIN));
    assert_eq!(tcp(&header(8)), None);
    assert_eq!(tcp(&[]), None);
    let denied = server.metric("trackless_admission_refused_total");
    assert_eq!(denied[0].1, 2.0);
}

#[test]
fn nobody_else_can_name_another() {
    let server = server("networks: [192.0.2.7, 127.0.0.1], proxies: [10.0.0.9]");
    let mut stream = server.connect();
    stream.write_all(&header(7)).unwrap();
    send_framed(&mut stream, &query(1, "doubleclick.net", A));
    assert_eq!(read_framed(&mut stream), None, "it is no query");
}
