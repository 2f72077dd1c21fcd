//! Asks for names of devices: themselves, by multicast DNS (RFC 6762 section 5.1), and the router.
//!
//! Only for addresses of the house, and only within it. What comes back is shown, no more: anybody in
//! the network could have said it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, OpCode, Query};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::leases::host;
use crate::wire::is_home;

/// Where devices listen.
pub(super) const MULTICAST: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);
/// Time for all answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// Names of those of `addresses` that have one, as far as any of `listeners` says so in time.
///
/// # Errors
/// No socket.
pub(super) async fn names(
    addresses: &[IpAddr],
    listeners: &[SocketAddr],
) -> io::Result<Vec<(IpAddr, String)>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.set_multicast_ttl_v4(1)?;
    let mut seed = [0; 2];
    getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
    let first = u16::from_be_bytes(seed);
    for (number, address) in (0..).zip(addresses) {
        let Ok(question) = question(first.wrapping_add(number), *address).to_vec() else {
            continue;
        };
        for listener in listeners {
            // Where there is no network, or no router, nobody answers.
            let _ = socket.send_to(&question, listener).await;
        }
    }
    let mut found: Vec<(IpAddr, String)> = Vec::new();
    let mut reply = [0; 1_500];
    let end = Instant::now() + PATIENCE;
    while let Ok(Ok((len, from))) = timeout_at(end, socket.recv_from(&mut reply)).await {
        let Ok(message) = Message::from_vec(&reply[..len]) else { continue };
        let number = usize::from(message.metadata.id.wrapping_sub(first));
        let Some(&address) = addresses.get(number).filter(|_| is_home(from.ip())) else { continue };
        if let Some(name) = name_in(&message)
            && found.iter().all(|(known, _)| *known != address)
        {
            found.push((address, name));
        }
    }
    Ok(found)
}

fn question(id: u16, address: IpAddr) -> Message {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from(address), RecordType::PTR));
    message
}

fn name_in(message: &Message) -> Option<String> {
    message.answers.iter().find_map(|record| match &record.data {
        RData::PTR(name) => host(&name.0.to_utf8()).map(str::to_owned),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::PTR;

    use super::*;

    #[tokio::test]
    async fn a_router_tells_names_and_lies_are_no_names() {
        let router = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = router.local_addr().unwrap();
        let answering = async {
            for labels in [["annas-phone", "box"], ["<b>", "lan"]] {
                let mut packet = [0; 512];
                let (len, from) = router.recv_from(&mut packet).await.unwrap();
                let mut message = Message::from_vec(&packet[..len]).unwrap();
                let asked = message.queries[0].name().clone();
                let labels = labels.map(str::as_bytes);
                let name = RData::PTR(PTR(Name::from_labels(labels).unwrap()));
                message.metadata.message_type = MessageType::Response;
                message.add_answer(Record::from_rdata(asked, 60, name));
                router.send_to(&message.to_vec().unwrap(), from).await.unwrap();
            }
        };
        let addresses = ["192.0.2.7", "192.0.2.8"].map(|text| text.parse().unwrap());
        let listeners = [at];
        let (found, ()) = tokio::join!(names(&addresses, &listeners), answering);
        assert_eq!(found.unwrap(), [(addresses[0], "annas-phone".to_owned())]);
    }
}
