//! The real server under packets nobody should send: it answers or ignores each of them, keeps
//! its memory, and its other clients notice nothing.
//!
//! ```text
//! datagrams ─┐
//! streams   ─┼─▶ trackless serve ─▶ upstream (there is none: every name is unknown)
//! neighbour ─┘
//! ```
//!
//! 100,000 packets by default, nine in ten over UDP. The long run is
//!
//! ```text
//! TRACKLESS_HOSTILE_PACKETS=10000000 cargo test --release --test hostile -- --nocapture
//! ```
//!
//! A run repeats with `TRACKLESS_HOSTILE_SEED`, which a failure tells.

mod datagrams;
mod neighbour;
mod packets;
mod server;
mod streams;

use std::env;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use server::Server;
use trackless::wire::Rcode;

/// Growth of the resident set that bounded buffers explain, in KiB.
const GROWTH: u64 = 20 << 10;
/// Time for a run, and for each packet of it: only a hang takes as long.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_A_PACKET: Duration = Duration::from_micros(200);

/// When to give up or to stop: seen by all threads of a run.
struct Run {
    deadline: Instant,
    over: AtomicBool,
}

impl Run {
    fn goes_on(&self) -> bool {
        !self.over.load(Relaxed) && Instant::now() < self.deadline
    }
}

/// Replies by their code, and packets that got none because they deserve none.
#[derive(Default)]
struct Tally {
    packets: u64,
    unanswered: u64,
    by_rcode: [u64; 17],
}

impl Tally {
    /// Counts a reply and says what it breaks of what holds for all of them.
    fn reply(&mut self, reply: &[u8]) -> Result<u16, String> {
        if reply.len() < 12 || reply[2] & 0x80 == 0 {
            return Err(format!("a reply that is none: {reply:02x?}"));
        }
        let extended = match reply[reply.len().saturating_sub(11)..] {
            [0, 0, 41, _, _, high, 0, _, 0, 0, 0] if reply[11] == 1 => usize::from(high) << 4,
            _ => 0,
        };
        let rcode = extended | usize::from(reply[3] & 0x0f);
        let Some(count) = self.by_rcode.get_mut(rcode) else {
            return Err(format!("rcode {rcode}: {reply:02x?}"));
        };
        *count += 1;
        Ok(u16::from_be_bytes([reply[0], reply[1]]))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets, {} unanswered", self.packets, self.unanswered)?;
        for (rcode, count) in (0..).zip(self.by_rcode).filter(|(_, count)| *count > 0) {
            write!(f, ", {} {count}", Rcode(rcode).label())?;
        }
        Ok(())
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn strangers_hurt_nobody() {
    let packets = number("TRACKLESS_HOSTILE_PACKETS").unwrap_or(100_000);
    let seed = number("TRACKLESS_HOSTILE_SEED").unwrap_or(1);
    let mut server = Server::start();
    let address = server.address;
    neighbour::ask_once(address).expect("a blocked name is refused before the run");

    let before = server.resident();
    let started = Instant::now();
    let patience = PATIENCE + PATIENCE_A_PACKET * u32::try_from(packets).unwrap_or(u32::MAX);
    let run = Run { deadline: started + patience, over: AtomicBool::new(false) };
    let (datagrams, streams, neighbour) = thread::scope(|scope| {
        let neighbour = scope.spawn(|| neighbour::ask_all_the_time(address, &run));
        let streams = scope.spawn(|| streams::attack(address, packets / 10, seed, &run));
        let datagrams = datagrams::attack(address, packets - packets / 10, seed, &run);
        let streams = streams.join().expect("the streams' thread");
        run.over.store(true, Relaxed);
        (datagrams, streams, neighbour.join().expect("the neighbour's thread"))
    });

    let said = server.said();
    let failed = |error: String| -> ! { panic!("seed {seed}: {error}\nthe server said:\n{said}") };
    for (who, result) in [("UDP", &datagrams), ("TCP", &streams)] {
        match result {
            Ok(tally) => println!("{who}: {tally}"),
            Err(error) => failed(format!("{who}: {error}")),
        }
    }
    match neighbour {
        Ok(questions) => println!("neighbour: {questions}"),
        Err(error) => failed(format!("neighbour: {error}")),
    }
    if Instant::now() >= run.deadline {
        failed(format!("not done after {patience:?}"));
    }
    if said.contains("panicked") || said.contains("has failed") {
        failed("something broke".to_owned());
    }
    if let Some(status) = server.ended() {
        failed(format!("the server ended: {status}"));
    }
    if let Err(error) = neighbour::ask_once(address) {
        failed(format!("after the run: {error}"));
    }
    let after = server.resident();
    println!("{:.1?}; resident {before} KiB, then {after} KiB", started.elapsed());
    if after > before + GROWTH {
        failed(format!("memory grew from {before} KiB to {after} KiB"));
    }
}
