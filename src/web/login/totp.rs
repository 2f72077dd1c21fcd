//! Codes that change every half minute (TOTP, RFC 6238), as the usual apps make them.

use data_encoding::BASE32_NOPAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// Seconds a code holds.
const STEP: u64 = 30;
/// Octets of a secret (RFC 4226 section 4).
pub(super) const SECRET: usize = 20;

/// What makes the codes; overwritten when it goes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Totp {
    /// In base 32, as apps take it.
    secret: String,
    /// The latest step whose code was used: none is good twice.
    last: u64,
}

impl Totp {
    pub(super) fn new(secret: &[u8; SECRET]) -> Self {
        Self { secret: BASE32_NOPAD.encode(secret), last: 0 }
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// What an app takes, as a QR code.
    pub(super) fn uri(&self) -> String {
        format!("otpauth://totp/Trackless:owner?secret={}&issuer=Trackless", self.secret)
    }

    /// Whether `code` is good at `now`, in seconds since 1970, a step more or less; then it is used.
    pub(super) fn accept(&mut self, code: &str, now: u64) -> bool {
        let Ok(key) = BASE32_NOPAD.decode(self.secret.as_bytes()).map(Zeroizing::new) else {
            return false;
        };
        let now = now / STEP;
        let mut good = None;
        for step in now.saturating_sub(1)..=now + 1 {
            // All are looked at: the time it takes tells nothing.
            if step > self.last && of_step(&key, step) == *code {
                good = good.or(Some(step));
            }
        }
        self.last = good.unwrap_or(self.last);
        good.is_some()
    }
}

impl Drop for Totp {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// The code of a step (RFC 4226 section 5.3).
fn of_step(key: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 15);
    let number =
        tag[offset..].iter().take(4).fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B of RFC 6238, the last six of its eight digits.
        let key = b"12345678901234567890";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(of_step(key, time / STEP), code);
            let mut totp = Totp::new(key);
            assert!(!totp.accept(code, time + 2 * STEP), "too late");
            let early = time.checked_sub(2 * STEP);
            assert!(early.is_none_or(|early| !totp.accept(code, early)), "too early");
            assert!(totp.accept(code, time + STEP), "a step late");
            assert!(!totp.accept(code, time + STEP), "once only");
            assert!(Totp::new(key).accept(code, time - STEP), "a step early");
            for wrong in ["", "0", "28708", "2870820", "٢٨٧٠٨٢"] {
                assert!(!Totp::new(key).accept(wrong, time));
            }
        }
    }
}
