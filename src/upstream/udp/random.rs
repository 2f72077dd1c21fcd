//! Random numbers that nobody can foresee, taken from the system in bulk.

use std::io;

/// Octets taken at once: 512 numbers a system call.
const BULK: usize = 4_096;

/// A supply of random numbers.
pub(super) struct Random {
    octets: Box<[u8; BULK]>,
    used: usize,
}

impl Default for Random {
    fn default() -> Self {
        Self { octets: Box::new([0; BULK]), used: BULK }
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Numbers to come must not be told.
        f.write_str("Random")
    }
}

impl Random {
    pub(super) fn next(&mut self) -> io::Result<u64> {
        if self.used == BULK {
            getrandom::fill(&mut self.octets[..])
                .map_err(|error| io::Error::other(error.to_string()))?;
            self.used = 0;
        }
        let number =
            self.octets[self.used..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        self.used += 8;
        Ok(number)
    }
}
