//! The machine: its clock, and how much it lets one program have.

use std::fs;

use procfs::process::{LimitValue, Process};

use super::Findings;
use crate::clock;
use crate::config::Config;
use crate::server::RECEIVE_BUFFER;

/// Open files beside clients' connections: sockets of workers and upstreams, lists, the store.
const OTHERS: u64 = 256;

pub(super) fn clock(found: &mut Findings) {
    if clock::is_set() {
        found.ok("clock", "it can be believed");
    } else {
        found.wrong(
            "clock",
            "it is in the past: nothing that is signed can be validated",
            "set it, or have a time server asked: `timedatectl set-ntp true`",
        );
    }
}

/// Room for queries that arrive all at once.
pub(super) fn buffers(found: &mut Findings) {
    let text = fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap_or_default();
    let Ok(most) = text.trim().parse::<usize>() else { return };
    if most >= RECEIVE_BUFFER {
        found.ok("buffers", format!("a socket may hold {most} bytes of queries"));
    } else {
        found.warn(
            "buffers",
            format!("a socket may hold {most} bytes of queries: a burst may be lost"),
            format!("`sysctl -w net.core.rmem_max={RECEIVE_BUFFER}`, and in /etc/sysctl.d to stay"),
        );
    }
}

/// The limit of the process `server`, or else of this one, which stands in for it.
pub(super) fn open_files(config: &Config, server: Option<i32>, found: &mut Findings) {
    let process = server.and_then(|pid| Process::new(pid).ok());
    let Ok(process) = process.map_or_else(Process::myself, Ok) else { return };
    let Ok(limits) = process.limits() else { return };
    let metered =
        [&config.encrypted.tls, &config.encrypted.https].iter().any(|doors| !doors.is_empty());
    let kinds = 1 + u64::from(metered);
    let wanted = config.tcp.connections as u64 * kinds + OTHERS;
    match limits.max_open_files.soft_limit {
        LimitValue::Value(most) if most < wanted => found.warn(
            "files",
            format!("{most} open files are allowed, and {wanted} may be wanted"),
            format!("`LimitNOFILE={wanted}` in the service's unit, or fewer `tcp.connections`"),
        ),
        LimitValue::Value(most) => found.ok("files", format!("{most} open files are allowed")),
        LimitValue::Unlimited => found.ok("files", "any number of open files is allowed"),
    }
}
