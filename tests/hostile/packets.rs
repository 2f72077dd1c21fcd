//! Packets that no proper client sends, and some that are only odd.

/// A small generator: a run must repeat.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// True once in `count` times.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn octet(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.octet()).collect()
    }
}

/// Whether a packet deserves no reply: no header, or itself a reply.
pub(crate) fn is_silent(packet: &[u8]) -> bool {
    packet.len() < 12 || packet[2] & 0x80 != 0
}

/// The next packet. Its first two octets, where it has them, are meant to be overwritten by an ID.
pub(crate) fn next(random: &mut Random) -> Vec<u8> {
    let mut packet = query(random);
    match random.below(14) {
        0 => packet = noise(random),
        1 => flip(random, &mut packet),
        2 => packet.truncate(random.below(packet.len() + 1)),
        3 => {
            let most = if random.one_in(20) { 4_000 } else { 100 };
            let count = random.below(most);
            packet.extend(random.octets(count));
        }
        4 => {
            for octet in &mut packet[4..12] {
                *octet = if random.one_in(2) { 0xff } else { random.octet() };
            }
        }
        5 => loops(random, &mut packet),
        6 => packet[2] = random.octet() & 0x7f,
        7 => options(random, &mut packet),
        8 => records(random, &mut packet),
        9 => {
            options(random, &mut packet);
            flip(random, &mut packet);
        }
        10 => {
            records(random, &mut packet);
            flip(random, &mut packet);
        }
        _ => {}
    }
    packet
}

/// A proper query: of a blocked name, an unknown one, the root, one of many labels, the longest.
fn query(random: &mut Random) -> Vec<u8> {
    let mut packet = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    match random.below(8) {
        0..3 => packet.extend_from_slice(b"\x03wWw\x0bdoubleclick\x03net\0"),
        3 => packet.push(0),
        4 => {
            for _ in 0..1 + random.below(127) {
                packet.extend_from_slice(&[1, random.octet()]);
            }
            packet.push(0);
        }
        5 => {
            for len in [63, 63, 63, 61] {
                packet.push(len);
                packet.extend(random.octets(usize::from(len)));
            }
            packet.push(0);
        }
        _ => {
            packet.push(8);
            packet.extend((0..8).map(|_| b'a' + random.octet() % 26));
            packet.extend_from_slice(b"\x07example\0");
        }
    }
    match random.below(10) {
        0 => packet.extend(random.octets(4)),
        1 => packet.extend_from_slice(&[0, random.octet(), 0, 1]),
        2 => packet.extend_from_slice(&[0, 255, 0, 1]),
        3..6 => packet.extend_from_slice(&[0, 28, 0, 1]),
        _ => packet.extend_from_slice(&[0, 1, 0, 1]),
    }
    if random.one_in(2) {
        packet[11] = 1;
        packet.extend_from_slice(b"\0\0\x29\x04\xd0\0\0\x80\0\0\0");
    }
    packet
}

/// Nothing but chance; most of it not marked as a reply, because those are easy to ignore.
fn noise(random: &mut Random) -> Vec<u8> {
    let most = if random.one_in(2) { 40 } else { 600 };
    let count = random.below(most);
    let mut packet = random.octets(count);
    if let Some(flags) = packet.get_mut(2)
        && !random.one_in(4)
    {
        *flags &= 0x07;
    }
    packet
}

fn flip(random: &mut Random, packet: &mut [u8]) {
    for _ in 0..1 + random.below(8) {
        let at = random.below(packet.len());
        packet[at] ^= 1 << random.below(8);
    }
}

/// Names that lead to themselves, to each other, forwards, or down a long ladder.
fn loops(random: &mut Random, packet: &mut Vec<u8>) {
    let pointer = |to: usize| [0xc0 | (to >> 8) as u8 & 0x3f, to as u8];
    if random.one_in(3) {
        packet.truncate(12);
        packet.extend_from_slice(&pointer(random.below(20)));
        packet.extend_from_slice(&[0, 1, 0, 1]);
    }
    let count = 1 + random.below(100);
    let kind = random.below(4);
    for _ in 0..count {
        let here = packet.len();
        let to = match kind {
            0 => here,
            1 => here + 12,
            2 => here.saturating_sub(12).max(12),
            _ => random.below(here + 40),
        };
        packet.extend_from_slice(&pointer(to));
        packet.extend_from_slice(b"\0\x01\0\x01\0\0\0\0\0\0");
    }
    packet[7] = count as u8;
}

/// OPT records whose options, versions and numbers are anything.
fn options(random: &mut Random, packet: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        packet[11] = packet[11].wrapping_add(1);
        packet.push(if random.one_in(8) { random.octet() } else { 0 });
        packet.extend_from_slice(&[0, 41]);
        packet.extend(random.octets(2));
        let version = if random.one_in(4) { random.octet() } else { 0 };
        packet.extend_from_slice(&[random.octet(), version, random.octet(), random.octet()]);
        let count = random.below(60);
        let said = if random.one_in(4) { random.below(0x1_0000) } else { count };
        packet.extend_from_slice(&(said as u16).to_be_bytes());
        packet.extend(random.octets(count));
    }
}

/// Records in every section, more than fit a datagram at times.
fn records(random: &mut Random, packet: &mut Vec<u8>) {
    let most = if random.one_in(10) { 250 } else { 10 };
    let count = random.below(most);
    let section = [7, 9, 11][random.below(3)];
    packet[section] = packet[section].wrapping_add(count as u8);
    for _ in 0..count {
        packet.extend_from_slice(b"\xc0\x0c");
        packet.extend(random.octets(8));
        let len = random.below(8);
        packet.extend_from_slice(&[0, len as u8]);
        packet.extend(random.octets(len));
    }
}
