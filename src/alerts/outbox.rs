//! When a receiver gets a message, and whether of one alert or of all that wait. It holds no alert,
//! only how far it is: what waits is on the board, and so are its bounds.

use std::collections::VecDeque;

/// In seconds.
const HOUR: u64 = 3_600;
/// Seconds before a message that did not get through is tried again; doubled each time, up to an
/// hour.
const RETRY: u64 = 5;

/// How far one receiver is. Time is in seconds by a clock that never jumps.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The last alert it knows of.
    pub(super) done: u64,
    /// Messages of the last hour, those that did not get through included: who knows how far they
    /// came.
    tries: VecDeque<u64>,
    /// Tries in a row that failed.
    failures: u32,
    next: u64,
}

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing now.
    Nothing,
    /// The oldest that waits.
    One,
    /// All that wait, in one.
    Sum,
}

impl Outbox {
    /// Of a receiver that is to know nothing of what was told up to the alert `done`.
    pub(super) fn knowing(done: u64) -> Self {
        Self { done, ..Self::default() }
    }

    /// What to send at `now`, of `waiting` alerts, where an hour has at most `most` messages. The
    /// last of these is kept for the sum.
    pub(super) fn next(&mut self, waiting: usize, most: usize, now: u64) -> Next {
        while self.tries.front().is_some_and(|at| now.saturating_sub(*at) >= HOUR) {
            self.tries.pop_front();
        }
        if waiting == 0 || now < self.next || self.tries.len() >= most {
            return Next::Nothing;
        }
        if waiting > 1 && self.tries.len() + 1 == most { Next::Sum } else { Next::One }
    }

    /// A message is on its way.
    pub(super) fn tries(&mut self, now: u64) {
        self.tries.push_back(now);
    }

    /// It is there: the receiver knows of all up to the alert of this number.
    pub(super) fn has_sent(&mut self, last: u64) {
        self.done = last;
        self.failures = 0;
        self.next = 0;
    }

    /// It has failed. Says whether it is the first in a row.
    pub(super) fn has_failed(&mut self, now: u64) -> bool {
        self.next = now + RETRY.saturating_mul(1 << self.failures.min(16)).min(HOUR);
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    /// Whether the last message got through, as far as is known.
    pub(super) fn is_well(&self) -> bool {
        self.failures == 0
    }

    /// Whether enough time has passed since the last failure.
    pub(super) fn may_try(&self, now: u64) -> bool {
        now >= self.next
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_hour_has_more_messages_than_it_may_and_all_alerts_are_told(
            steps in vec((0_usize..5, 0_u64..900, any::<bool>()), 1..200),
            most in 1_usize..12,
        ) {
            let mut outbox = Outbox::default();
            let (mut now, mut latest) = (1_000, 0_u64);
            let mut sent: Vec<u64> = Vec::new();
            let mut step = |new: usize, pause: u64, works: bool| -> Result<u64, TestCaseError> {
                now += pause;
                latest += new as u64;
                let waiting = (latest - outbox.done) as usize;
                let last = match outbox.next(waiting, most, now) {
                    Next::Nothing => return Ok(latest - outbox.done),
                    Next::One => outbox.done + 1,
                    Next::Sum => latest,
                };
                outbox.tries(now);
                sent.push(now);
                let in_hour = sent.iter().filter(|at| now - **at < HOUR).count();
                prop_assert!(in_hour <= most, "{in_hour} messages in an hour");
                if works {
                    prop_assert!(last > outbox.done && last <= latest);
                    outbox.has_sent(last);
                } else {
                    outbox.has_failed(now);
                }
                Ok(latest - outbox.done)
            };
            for (new, pause, works) in steps {
                step(new, pause, works)?;
            }
            // Once it works, and there is time, nothing waits.
            let mut left = 1;
            for _ in 0..2_000 {
                left = step(0, HOUR / 4, true)?;
            }
            prop_assert_eq!(left, 0);
        }
    }

    #[test]
    fn what_is_too_much_is_summed_up_and_what_fails_is_tried_ever_later() {
        let mut outbox = Outbox::default();
        for now in [1, 2] {
            assert_eq!(outbox.next(9, 3, now), Next::One);
            outbox.tries(now);
            outbox.has_sent(now);
        }
        assert_eq!(outbox.next(7, 3, 3), Next::Sum);
        outbox.tries(3);
        outbox.has_sent(9);
        assert_eq!(
            (outbox.next(1, 3, 4), outbox.next(1, 3, 3_600)),
            (Next::Nothing, Next::Nothing)
        );
        assert_eq!(outbox.next(1, 3, 3_601), Next::One);
        assert!(outbox.has_failed(4_000) && !outbox.is_well());
        assert_eq!(
            (outbox.next(1, 3, 4_004), outbox.next(1, 3, 4_005)),
            (Next::Nothing, Next::One)
        );
        assert!(!outbox.has_failed(4_005), "only the first is worth a line");
        assert!(!outbox.may_try(4_014) && outbox.may_try(4_015));
        (0..40).for_each(|_| assert!(!outbox.has_failed(5_000)));
        assert!(outbox.may_try(5_000 + HOUR));
    }
}
