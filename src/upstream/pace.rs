//! How many questions are out at a pool's servers, and whose is next: no more than they keep up with, and
//! whoever asks for thousands of names waits behind those who ask for one.
//!
//! ```text
//! Pool::ask_servers ─▶ Pace::turn ─ room ──────────────────────────▶ Turn::hold ─▶ attempt
//!                         └─ none ─▶ a line for each asker, served in turn ─▲
//! ```
//!
//! What upstream can take is found out as TCP finds out about a network (RFC 5681; Vegas, Brakmo and Peterson,
//! 1995): more and more at once while everything is answered, less when much is lost or late, and then for a
//! while only slowly more. Whoever has the fewest out is next (fair queueing, RFC 8290), so that one who seldom
//! asks hardly ever waits. It must never hold back anybody while upstream keeps up, nor for long when some
//! names' servers are silent: a question that is not answered in good time counts as lost, and is out no more.

mod limit;

use std::cell::RefCell;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::Attempt;
use limit::State;

/// Who asks. Equal ones share a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// We, for everybody.
    House,
    /// A device, by its number.
    Device(u32),
    /// One that is no device by itself.
    Address(IpAddr),
}

/// The pace of one pool.
#[derive(Debug)]
pub(super) struct Pace(RefCell<State<oneshot::Sender<Turn>>>);

/// Leave to have one question out; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    pace: Rc<Pace>,
    asker: Asker,
    sent: Instant,
}

impl Pace {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self(RefCell::new(State::new(Instant::now()))))
    }

    /// A turn for `asker`: at once where there is room, else when it is their turn.
    pub(super) async fn turn(self: &Rc<Self>, asker: Asker) -> Turn {
        let turn = {
            let state = &mut *self.0.borrow_mut();
            if state.waiting == 0 && state.has_room() {
                return self.give(state, asker);
            }
            let (give, turn) = oneshot::channel();
            state.wait(asker, give);
            turn
        };
        // Those before may no longer wait.
        self.serve();
        turn.await.unwrap_or_else(|_| self.give(&mut self.0.borrow_mut(), asker))
    }

    fn give(self: &Rc<Self>, state: &mut State<oneshot::Sender<Turn>>, asker: Asker) -> Turn {
        state.take(asker);
        Turn { pace: Rc::clone(self), asker, sent: Instant::now() }
    }

    /// Serves those who wait, as far as there is room.
    fn serve(self: &Rc<Self>) {
        loop {
            let (give, turn) = {
                let state = &mut *self.0.borrow_mut();
                let next = state.has_room().then(|| state.next(oneshot::Sender::is_closed));
                let Some((asker, give)) = next.flatten() else { return };
                (give, self.give(state, asker))
            };
            let _ = give.send(turn);
        }
    }
}

impl Turn {
    /// Asks, in the `round`th attempt. What takes longer than `patience` is lost, and somebody else's turn.
    pub(super) async fn hold(
        self,
        round: u32,
        patience: Duration,
        asking: impl Future<Output = Attempt>,
    ) -> Attempt {
        if round > 0 {
            // What is never answered is lost once, and must not be in others' way for long.
            let mut asking = pin!(asking);
            return match timeout(patience, &mut asking).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    drop(self);
                    asking.await
                }
            };
        }
        // The first attempt ends by itself by then.
        let outcome = asking.await;
        // A connection that breaks says nothing of how much is too much.
        if !matches!(outcome, Attempt::Broken) {
            let is_lost = matches!(outcome, Attempt::Silent);
            self.pace.0.borrow_mut().hear(self.sent, is_lost, Instant::now());
        }
        outcome
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pace.0.borrow_mut().give_back(self.asker);
        self.pace.serve();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_no_longer_waits_takes_no_turn() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async {
            let pace = Pace::new();
            let mut held = Vec::new();
            for _ in 0..limit::FIRST as usize {
                held.push(pace.turn(Asker::House).await);
            }
            for _ in 0..3 {
                assert!(timeout(Duration::ZERO, pace.turn(Asker::House)).await.is_err());
            }
            let (next, ()) = tokio::join!(pace.turn(Asker::Device(1)), async { drop(held) });
            assert_eq!(pace.0.borrow().out, 1);
            drop(next);
            assert_eq!(pace.0.borrow().out, 0);
        });
    }
}
