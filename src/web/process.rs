//! What the system counts of this process, read from `/proc`.
//!
//! A figure that the system does not tell is left out; none is ever made up.

use std::fs;

/// Clock ticks a second in what Linux tells programs (USER_HZ), on all processors that Rust's
/// standard library knows.
const TICKS: f64 = 100.0;

/// Figures of this process, under the names all Prometheus clients give them.
#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) cpu_seconds: Option<f64>,
    /// Since 1970. It follows the system's clock where that is set after the start.
    pub(super) start_seconds: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
    pub(super) virtual_bytes: Option<f64>,
    pub(super) threads: Option<f64>,
    pub(super) open_fds: Option<f64>,
    pub(super) max_fds: Option<f64>,
}

impl Process {
    pub(super) fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let stat = text("/proc/self/stat");
        // The second field is the command in parentheses and may hold anything, also spaces.
        let stat: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        // Numbered as in proc(5), from 1.
        let seconds = |field: usize| Some(stat.get(field - 3)?.parse::<f64>().ok()? / TICKS);
        let status = text("/proc/self/status");
        let kib = |key| Some(number(&status, key)? * 1024.0);
        let boot = || number(&text("/proc/stat"), "btime");
        Self {
            cpu_seconds: seconds(14).zip(seconds(15)).map(|(user, system)| user + system),
            start_seconds: seconds(22).zip(boot()).map(|(start, boot)| boot + start),
            resident_bytes: kib("VmRSS:"),
            virtual_bytes: kib("VmSize:"),
            threads: number(&status, "Threads:"),
            // Without the one that this count takes.
            open_fds: fs::read_dir("/proc/self/fd").ok().map(|open| open.count() as f64 - 1.0),
            max_fds: number(&text("/proc/self/limits"), "Max open files"),
        }
    }
}

/// The first number behind `key` on the line that begins with it.
fn number(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_behind_its_key() {
        let text =
            "VmPeak:\t  12 kB\nVmRSS:\t  345 kB\nMax open files            1024   4096 files\n";
        assert_eq!(number(text, "VmRSS:"), Some(345.0));
        assert_eq!(number(text, "Max open files"), Some(1024.0));
        assert_eq!(number(text, "Threads:"), None);
        assert_eq!(number("Max open files  unlimited  unlimited files", "Max open files"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_tells_all() {
        let before = Process::read().cpu_seconds.unwrap();
        while Process::read().cpu_seconds.unwrap() <= before {}
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let process = Process::read();
        let age = now.as_secs_f64() - process.start_seconds.unwrap();
        assert!((-1.5..86_400.0).contains(&age), "{age} s old");
        let resident = process.resident_bytes.unwrap();
        assert!((1e6..1e10).contains(&resident) && resident < process.virtual_bytes.unwrap());
        assert!(process.threads.unwrap() >= 2.0);
        let open = process.open_fds.unwrap();
        assert!(open >= 3.0 && process.max_fds.is_none_or(|max| max >= open));
    }
}
