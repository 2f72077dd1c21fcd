//! Messages by hand, so that every bit is the test's own.

pub const A: u16 = 1;
pub const SOA: u16 = 6;
pub const TXT: u16 = 16;
pub const OPT: u16 = 41;

pub const NOERROR: u8 = 0;
pub const FORMERR: u8 = 1;
pub const SERVFAIL: u8 = 2;
pub const NXDOMAIN: u8 = 3;
pub const NOTIMP: u8 = 4;
pub const REFUSED: u8 = 5;

/// A query with RD and no EDNS.
pub fn query(id: u16, name: &str, rtype: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(wire(name));
    message.extend(rtype.to_be_bytes());
    message.extend([0, 1]);
    message
}

/// The same with an OPT record: payload size 4096 and DO as given.
pub fn with_edns(mut query: Vec<u8>, dnssec_ok: bool) -> Vec<u8> {
    query[11] += 1;
    query.extend_from_slice(&[0, 0, 41, 0x10, 0, 0, 0, u8::from(dnssec_ok) << 7, 0, 0, 0]);
    query
}

pub fn wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(label.len() as u8);
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// A record owned by the question's name.
pub fn record(rtype: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = vec![0xc0, 0x0c];
    record.extend(rtype.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend((data.len() as u16).to_be_bytes());
    record.extend_from_slice(data);
    record
}

pub fn rcode(reply: &[u8]) -> u8 {
    reply[3] & 0x0f
}

pub fn counts(reply: &[u8]) -> [u16; 4] {
    std::array::from_fn(|section| {
        u16::from_be_bytes([reply[4 + 2 * section], reply[5 + 2 * section]])
    })
}

/// Offset behind the question of a message without a compressed question.
pub fn question_end(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += usize::from(message[at]) + 1;
    }
    at + 5
}

/// The name asked for, as spelled.
pub fn asked(message: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut at = 12;
    while message[at] != 0 {
        let len = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..at + 1 + len]).into_owned());
        at += len + 1;
    }
    labels.join(".")
}

/// The code of the extended error in a reply, if it has one.
pub fn extended_error(reply: &[u8]) -> Option<u16> {
    // Our replies end with their OPT record, whose last option is the extended error.
    let opt = reply.windows(3).rposition(|window| window == [0, 0, 41])?;
    let options = &reply[opt + 11..];
    (options.len() >= 6 && options[..2] == [0, 15])
        .then(|| u16::from_be_bytes([options[4], options[5]]))
}
