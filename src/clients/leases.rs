//! Names that devices told a DHCP server, from the files it keeps: dnsmasq's, ISC's, Kea's (CSV),
//! and systemd-networkd's (JSON).
//!
//! What a line says badly is passed over: the file is another program's. Later lines count.

use std::net::IpAddr;

use serde::Deserialize;

use super::Leases;
use crate::config::Mac;

/// Longest name of a host (RFC 1035 section 2.3.4).
const LONGEST: usize = 63;

impl Leases {
    /// Adds what `text`, a file of any known form, says.
    pub fn read(&mut self, text: &str) {
        let start = text.trim_start();
        if start.starts_with('{') {
            networkd(text, self);
        } else if start.starts_with("address,") {
            kea(text, self);
        } else if text.lines().any(|line| line.starts_with("lease ")) {
            isc(text, self);
        } else {
            dnsmasq(text, self);
        }
    }

    fn add(&mut self, address: &str, card: Option<&str>, name: &str) {
        let Some(name) = host(name) else { return };
        if let Ok(address) = address.parse::<IpAddr>() {
            self.addresses.insert(address, name.to_owned());
        }
        if let Some(card) = card.and_then(|card| card.parse::<Mac>().ok()) {
            self.cards.insert(card, name.to_owned());
        }
    }
}

/// The first label of a host's name, if it is one.
pub(super) fn host(name: &str) -> Option<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let name = name.split('.').next()?;
    (!name.is_empty() && name.len() <= LONGEST && name.bytes().all(fits)).then_some(name)
}

/// Time, card or DUID, address, name, client's ID.
fn dnsmasq(text: &str, leases: &mut Leases) {
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let [_, card, address, name, ..] = words.as_slice() {
            leases.add(address, Some(card), name);
        }
    }
}

/// Blocks of `lease ADDRESS { hardware ethernet CARD; client-hostname "NAME"; }`.
fn isc(text: &str, leases: &mut Leases) {
    let (mut address, mut card, mut name) = ("", None, "");
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("lease ") {
            (address, card, name) = (rest.trim_end_matches('{').trim(), None, "");
        } else if let Some(rest) = line.strip_prefix("hardware ethernet ") {
            card = Some(rest.trim_end_matches(';'));
        } else if let Some(rest) = line.strip_prefix("client-hostname ") {
            name = rest.trim_end_matches(';').trim_matches('"');
        } else if line.starts_with('}') {
            leases.add(address, card, name);
            (address, card, name) = ("", None, "");
        }
    }
}

/// A table whose first line names its columns.
fn kea(text: &str, leases: &mut Leases) {
    let mut lines = text.lines();
    let columns: Vec<_> = lines.next().unwrap_or("").trim().split(',').collect();
    let at = |name: &str| columns.iter().position(|column| *column == name);
    let (Some(address), Some(name)) = (at("address"), at("hostname")) else { return };
    let card = at("hwaddr");
    for line in lines {
        let values: Vec<_> = line.split(',').collect();
        let value = |at: usize| values.get(at).copied().unwrap_or("");
        leases.add(value(address), card.map(value), value(name));
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Networkd {
    #[serde(default)]
    leases: Vec<NetworkdLease>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkdLease {
    #[serde(default)]
    address_string: String,
    #[serde(default)]
    hostname: String,
    hardware_address_string: Option<String>,
}

fn networkd(text: &str, leases: &mut Leases) {
    let Ok(file) = serde_json::from_str::<Networkd>(text) else { return };
    for lease in file.leases {
        let card = lease.hardware_address_string.as_deref();
        leases.add(&lease.address_string, card, &lease.hostname);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_tells_the_same() {
        let dnsmasq = "1795400000 02:00:00:00:00:07 192.168.1.7 annas-phone 01:02:00:00:00:00:07\n\
             1795400000 02:00:00:00:00:08 192.168.1.8 * *\nduid 00:01\n";
        let isc = "# comment\nlease 192.168.1.7 {\n  starts 2 2026/11/24;\n  \
             hardware ethernet 02:00:00:00:00:07;\n  client-hostname \"annas-phone\";\n}\n\
             lease 192.168.1.8 {\n  hardware ethernet 02:00:00:00:00:08;\n}\n";
        let kea = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n\
             192.168.1.7,02:00:00:00:00:07,,3600,1795400000,1,0,0,annas-phone.lan,0,,0\n\
             192.168.1.8,02:00:00:00:00:08,,3600,1795400000,1,0,0,,0,,0\n";
        let networkd = r#"{"BootID":"x","Leases":[{"AddressString":"192.168.1.7","Hostname":"annas-phone",
            "HardwareAddressString":"02:00:00:00:00:07"},{"AddressString":"192.168.1.8"}]}"#;
        for text in [dnsmasq, isc, kea, networkd] {
            let mut leases = Leases::default();
            leases.read(text);
            let address: IpAddr = [192, 168, 1, 7].into();
            assert_eq!(leases.addresses.get(&address).unwrap(), "annas-phone", "{text}");
            assert_eq!(leases.cards.get(&Mac([2, 0, 0, 0, 0, 7])).unwrap(), "annas-phone");
            assert_eq!((leases.addresses.len(), leases.cards.len()), (1, 1), "{text}");
        }
    }

    #[test]
    fn bad_files_say_nothing() {
        let mut leases = Leases::default();
        for text in ["", "{", "address,x\n1,2", "lease {\n}", "1 2 3 <b>\u{7}", "lease 1.2.3.4 {"] {
            leases.read(text);
            assert_eq!(leases, Leases::default(), "{text}");
        }
    }
}
