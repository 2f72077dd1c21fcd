//! How many questions may be out, found out from what comes back, and who is next of those who wait.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::time::Instant;

use super::Asker;

/// Questions out at first, and at least: over both threads of a small machine the latter is a page's worth.
pub(super) const FIRST: f64 = 32.0;
const LEAST: f64 = 16.0;
/// A limit that no longer is one.
const MOST: f64 = 65_536.0;
/// Time over which replies and losses are set against each other, and how many of both it takes to tell.
const ROUND: Duration = Duration::from_millis(400);
const ENOUGH: u32 = 16;
/// With so few in so long a time nobody can have asked too much.
const QUIET: Duration = Duration::from_secs(1);
/// Time after a loss in which more is tried only slowly.
const CAREFUL: Duration = Duration::from_secs(60);
/// A step upwards in a round: then, and before any loss.
const CAREFUL_STEP: f64 = 1.004;
const STEP: f64 = 2.0;
/// What replies may take longer without being late: a near upstream's are of all lengths.
const SLACK: Duration = Duration::from_millis(10);
/// Lines remembered, of those in which nobody waits as well.
const LINES: usize = 1_024;

/// How many may be out, and who waits, by way of a `W`.
#[derive(Debug)]
pub(super) struct State<W> {
    limit: f64,
    pub(super) out: usize,
    /// Turns given, and how many wait.
    served: u64,
    pub(super) waiting: usize,
    lines: HashMap<Asker, Line<W>, RandomState>,
    round: Round,
    /// The mean time of a reply, when it was least.
    least: Option<Duration>,
    /// When it was too much.
    slowed: Option<Instant>,
}

#[derive(Debug)]
struct Line<W> {
    out: usize,
    /// The last turn it got.
    served: u64,
    waiting: VecDeque<W>,
}

#[derive(Debug)]
struct Round {
    since: Instant,
    replied: u32,
    lost: u32,
    /// All replies together.
    took: Duration,
    most_out: usize,
    has_waited: bool,
}

impl<W> State<W> {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            limit: FIRST,
            out: 0,
            served: 0,
            waiting: 0,
            lines: HashMap::default(),
            round: Round::new(now),
            least: None,
            slowed: None,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        (self.out as f64) < self.limit
    }

    fn line(&mut self, asker: Asker) -> &mut Line<W> {
        if self.lines.len() >= LINES {
            self.lines.retain(|_, line| line.out > 0 || !line.waiting.is_empty());
        }
        let line = self.lines.entry(asker);
        line.or_insert_with(|| Line { out: 0, served: 0, waiting: VecDeque::new() })
    }

    /// One more is out.
    pub(super) fn take(&mut self, asker: Asker) {
        self.served += 1;
        let served = self.served;
        let line = self.line(asker);
        line.served = served;
        line.out += 1;
        self.out += 1;
        self.round.most_out = self.round.most_out.max(self.out);
    }

    /// One less is out.
    pub(super) fn give_back(&mut self, asker: Asker) {
        self.out -= 1;
        if let Some(line) = self.lines.get_mut(&asker) {
            line.out -= 1;
            // Where others wait it is to be known when it was served.
            if self.waiting == 0 && line.out == 0 {
                self.lines.remove(&asker);
            }
        }
    }

    pub(super) fn wait(&mut self, asker: Asker, by: W) {
        self.line(asker).waiting.push_back(by);
        self.waiting += 1;
        self.round.has_waited = true;
    }

    /// The first in the line that has the fewest out, and was served before others that have as few.
    pub(super) fn next(&mut self, has_gone: impl Fn(&W) -> bool) -> Option<(Asker, W)> {
        while self.waiting > 0 {
            let lines = self.lines.iter_mut().filter(|(_, line)| !line.waiting.is_empty());
            let (asker, line) = lines.min_by_key(|(_, line)| (line.out, line.served))?;
            self.waiting -= 1;
            if let Some(next) = line.waiting.pop_front().filter(|next| !has_gone(next)) {
                return Some((*asker, next));
            }
        }
        None
    }

    /// What came of a question that was sent at `sent`.
    pub(super) fn hear(&mut self, sent: Instant, is_lost: bool, now: Instant) {
        // What was sent before there were fewer says nothing of now.
        if self.slowed.is_some_and(|slowed| sent < slowed) {
            return;
        }
        if now - self.round.since > QUIET {
            self.round = Round::new(now);
        }
        if is_lost {
            self.round.lost += 1;
        } else {
            self.round.replied += 1;
            self.round.took += now - sent;
        }
        let Round { since, replied, lost, took, most_out, has_waited } = self.round;
        let all = lost + replied;
        let is_over = all >= ENOUGH && now - since >= ROUND;
        let has_lost_many = all >= ENOUGH && lost * 4 > all;
        // Of hardly any replies there is no mean.
        let is_slow = is_over && has_waited && !has_lost_many && {
            let mean = took / replied;
            let least = self.least.map_or(mean, |least| mean.min(least + least / 1_024));
            self.least = Some(least);
            mean > (least * 3 / 2).max(least + SLACK)
        };
        if has_lost_many || is_over && lost * 32 > all || is_slow {
            let part = if has_lost_many { 0.5 } else { 0.8 };
            self.limit = ((most_out as f64).min(self.limit) * part).max(LEAST);
            self.slowed = Some(now);
        } else if !is_over {
            return;
        } else if has_waited {
            let careful = self.slowed.is_some_and(|slowed| now - slowed < CAREFUL);
            self.limit = (self.limit * if careful { CAREFUL_STEP } else { STEP }).min(MOST);
        }
        self.round = Round { has_waited: self.waiting > 0, ..Round::new(now) };
    }
}

impl Round {
    fn new(since: Instant) -> Self {
        let took = Duration::ZERO;
        Self { since, replied: 0, lost: 0, took, most_out: 0, has_waited: false }
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::{BTreeMap, BinaryHeap};

    use super::*;

    const MILLI: u64 = 1_000;
    const SECOND: u64 = 1_000 * MILLI;
    const REPLY_TIME: u64 = 20 * MILLI;
    const PATIENCE: u64 = 200 * MILLI;

    /// Who asks, when, in microseconds, and for which time.
    type Query = (u32, u64, u32);

    /// What upstream does with a query.
    type Upstream = fn(&mut Trial, Query, u64) -> Option<u64>;

    /// Devices that ask, a pace, and an upstream.
    struct Trial {
        start: Instant,
        state: State<Query>,
        upstream: Upstream,
        /// How many upstream has answered in each second, and until when it has to do.
        answered: BTreeMap<u64, u64>,
        busy_until: u64,
        sent: u64,
        /// When an outcome is there, of what, sent when, and whether it is lost.
        out: BinaryHeap<Reverse<(u64, Query, u64, bool)>>,
        /// Time each device waited for its answers.
        took: BTreeMap<u32, Vec<u64>>,
    }

    impl Trial {
        fn new(upstream: Upstream) -> Self {
            let start = Instant::now();
            let state = State::new(start);
            let (answered, out, took) = Default::default();
            Self { start, state, upstream, answered, busy_until: 0, sent: 0, out, took }
        }

        fn at(&self, micros: u64) -> Instant {
            self.start + Duration::from_micros(micros)
        }

        /// What is due until `now`, then who can be served.
        fn run(&mut self, now: u64) {
            while let Some(Reverse((due, query, sent, is_lost))) = self.out.peek().copied()
                && due <= now
            {
                self.out.pop();
                let (device, asked, round) = query;
                if round == 0 {
                    self.state.hear(self.at(sent), is_lost, self.at(due));
                }
                self.state.give_back(Asker::Device(device));
                if is_lost {
                    self.state.wait(Asker::Device(device), (device, asked, round + 1));
                } else {
                    self.took.entry(device).or_default().push(due - asked);
                }
                self.serve(due);
            }
            self.serve(now);
        }

        fn serve(&mut self, now: u64) {
            // Nobody waits longer than a second.
            while self.state.has_room()
                && let Some((_, query)) = self.state.next(|(_, asked, _)| now - asked > SECOND)
            {
                self.send(query, now);
            }
        }

        fn send(&mut self, query: Query, now: u64) {
            self.state.take(Asker::Device(query.0));
            self.sent += 1;
            let reply = (self.upstream)(self, query, now);
            let is_lost = reply.is_none_or(|reply| reply > PATIENCE);
            *self.answered.entry(now / SECOND).or_default() += u64::from(!is_lost);
            let due = now + reply.unwrap_or(PATIENCE).min(PATIENCE);
            self.out.push(Reverse((due, query, now, is_lost)));
        }

        fn ask(&mut self, device: u32, now: u64) {
            self.run(now);
            let query = (device, now, 0);
            if self.state.waiting == 0 && self.state.has_room() {
                return self.send(query, now);
            }
            // As many as find a place in a whole server.
            let line = self.state.lines.get(&Asker::Device(device));
            if line.is_none_or(|line| line.waiting.len() < 20) {
                self.state.wait(Asker::Device(device), query);
            }
        }

        /// Of the times `device` has waited, that which 99 of 100 did not exceed.
        fn p99(&self, device: u32, asked: usize) -> u64 {
            let mut times = self.took[&device].clone();
            times.resize(asked, u64::MAX);
            times.sort_unstable();
            times[asked * 99 / 100]
        }
    }

    /// A device asks a tenth of a second after each answer, fifty others ten times what `upstream` answers.
    fn flood(upstream: Upstream) {
        let mut trial = Trial::new(upstream);
        let (mut asked, mut next) = (0, 0);
        for tick in 0..60 * 20_000 {
            let now = u64::from(tick) * 50;
            trial.ask(tick % 50, now);
            let answered = trial.took.get(&99).map_or(0, Vec::len);
            if asked > answered {
                next = now + 100 * MILLI;
            } else if now >= next {
                trial.ask(99, now);
                asked += 1;
            }
        }
        let p99 = trial.p99(99, asked);
        assert!(p99 < 50 * MILLI, "{p99} us");
        assert!(asked > 450, "{asked}");
        let answered: u64 = trial.answered.values().sum();
        assert!(answered > 60 * 700, "{answered}");
        assert!(trial.sent < answered * 11 / 10, "{} sent for {answered}", trial.sent);
    }

    #[test]
    fn who_seldom_asks_is_answered_soon_while_fifty_flood_one_that_drops_what_is_too_much() {
        flood(|trial, _, now| {
            let answered = trial.answered.get(&(now / SECOND)).copied().unwrap_or(0);
            (answered < 2_000).then_some(REPLY_TIME)
        });
    }

    #[test]
    fn who_seldom_asks_is_answered_soon_while_fifty_flood_one_that_lets_it_wait() {
        flood(|trial, _, now| {
            let starts = trial.busy_until.max(now);
            let waits = starts - now;
            if waits > 128 * MILLI {
                return None;
            }
            trial.busy_until = starts + SECOND / 2_000;
            Some(waits + REPLY_TIME)
        });
    }

    #[test]
    fn an_upstream_that_keeps_up_is_asked_all() {
        let mut trial = Trial::new(|_, _, _| Some(REPLY_TIME));
        for tick in 0..400_000 {
            trial.ask(tick as u32 % 50, tick * 10);
        }
        trial.run(5 * SECOND);
        assert!(trial.state.limit >= 2_000.0 && trial.state.out == 0);
        assert!(trial.answered[&3] > 99_990, "{:?}", trial.answered);
    }

    #[test]
    fn names_that_are_never_answered_leave_turns_to_others() {
        let mut trial = Trial::new(|_, (device, ..), _| (device == 99).then_some(REPLY_TIME));
        for tick in 0..20_000 {
            trial.ask(tick % 10, u64::from(tick) * MILLI);
            if tick % 50 == 0 {
                trial.ask(99, u64::from(tick) * MILLI);
            }
        }
        trial.run(21 * SECOND);
        let p99 = trial.p99(99, 400);
        assert!(p99 <= PATIENCE + REPLY_TIME, "{p99} us");
    }

    #[test]
    fn an_outage_is_no_measure_of_what_is_slow() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut state = State::new(start);
        state.wait(Asker::House, ());
        for _ in 0..ENOUGH {
            state.hear(at(300), true, at(500));
        }
        assert!(state.limit <= LEAST, "{}", state.limit);
        for millis in 600..10_000 {
            state.hear(at(millis), false, at(millis + 20));
        }
        assert!(state.limit > LEAST, "{}", state.limit);
    }

    #[test]
    fn few_losses_in_a_quiet_house_slow_nobody() {
        let mut trial = Trial::new(|_, (device, ..), _| (device != 1).then_some(REPLY_TIME));
        for tick in 0..600 {
            trial.ask(tick % 3, u64::from(tick) * 100 * MILLI);
        }
        assert!(trial.state.limit >= FIRST, "{}", trial.state.limit);
    }
}
