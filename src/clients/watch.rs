//! Looks at the network, on a thread of its own: neighbours as the kernel tells of them, leases as
//! their files change, and whether everybody seems to be one.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::runtime;
use tokio::time::sleep;
use tracing::{debug, info};

use super::{Directory, Leases, ask};
use crate::wire::is_home;

/// How often files of leases are looked at, and the kernel is asked anew where it does not tell.
const LOOK: Duration = Duration::from_secs(2);
/// Devices asked for their names at once.
const AT_ONCE: usize = 16;
/// Largest file of leases.
const LARGEST: u64 = 16 << 20;

/// Keeps what `directory` knows of the network up to date, from now on. `files` says where leases
/// are kept now.
///
/// # Errors
/// No thread, or no runtime.
pub fn spawn(
    directory: Arc<Directory>,
    files: impl Fn() -> Vec<PathBuf> + Send + 'static,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        runtime.block_on(async {
            tokio::join!(
                follow_neighbours(&directory),
                follow_leases(&directory, files),
                ask_for_names(&directory),
            )
        });
    };
    thread::Builder::new().name("clients".to_owned()).spawn(run)?;
    Ok(())
}

#[cfg(target_os = "linux")]
async fn follow_neighbours(directory: &Directory) {
    let mut said = false;
    loop {
        if let Err(error) = super::neighbours::follow(directory).await {
            if !said {
                info!(
                    "the network does not tell whose address is whose, a device is an address: {error}"
                );
                said = true;
            }
            sleep(LOOK).await;
        }
    }
}

#[cfg(not(target_os = "linux"))]
async fn follow_neighbours(_: &Directory) {}

async fn follow_leases(directory: &Directory, files: impl Fn() -> Vec<PathBuf>) {
    let mut before = Vec::new();
    loop {
        let files = files();
        let now: Vec<Option<SystemTime>> =
            files.iter().map(|file| fs::metadata(file).ok()?.modified().ok()).collect();
        let now = (files, now);
        if before != [now.clone()] {
            let mut found = Leases::default();
            for file in &now.0 {
                let small = fs::metadata(file).is_ok_and(|entry| entry.len() <= LARGEST);
                match fs::read(file) {
                    Ok(bytes) if small => found.read(&String::from_utf8_lossy(&bytes)),
                    Ok(_) => debug!("{}: too large for a file of leases", file.display()),
                    Err(error) => debug!("{}: {error}", file.display()),
                }
            }
            directory.leases_say(found);
            before = vec![now];
        }
        sleep(LOOK).await;
    }
}

/// Asks for the names of devices that have none. What nobody tells is asked for once.
async fn ask_for_names(directory: &Directory) {
    loop {
        sleep(LOOK).await;
        let nameless = directory.nameless(AT_ONCE);
        if nameless.is_empty() {
            continue;
        }
        let router = gateway().filter(|router| is_home(*router)).map(|at| SocketAddr::new(at, 53));
        let listeners: Vec<_> = router.into_iter().chain([ask::MULTICAST]).collect();
        match ask::names(&nameless, &listeners).await {
            Ok(found) => {
                let silent = nameless.into_iter().map(|address| (address, String::new()));
                directory.devices_say(silent.chain(found));
            }
            Err(error) => {
                debug!("devices cannot be asked for their names: {error}");
                return;
            }
        }
    }
}

/// This machine's way out over IPv4, as the kernel has it.
pub fn gateway() -> Option<IpAddr> {
    gateway_of(&fs::read_to_string("/proc/net/route").ok()?)
}

fn gateway_of(routes: &str) -> Option<IpAddr> {
    routes.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (to, by) = (words.next()?, words.next()?);
        let by = u32::from_str_radix(by, 16).ok().filter(|by| *by != 0)?;
        // In the machine's own order of octets, of a number that is not.
        (to == "00000000").then(|| Ipv4Addr::from(by.to_ne_bytes()).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn the_way_out_is_found() {
        let routes = "Iface\tDestination\tGateway \tFlags\n\
             eth0\t000011AC\t00000000\t0001\neth0\t00000000\t010011AC\t0003\n";
        assert_eq!(gateway_of(routes), Some([172, 17, 0, 1].into()));
        assert_eq!(gateway_of(""), None);
    }
}
