//! Trackless: the do-not-track button for a whole network.
//!
//! A DNS query walks in at a front door, one function decides what becomes of it, and a count of
//! which company tried to follow which device is all that stays behind, unless the owner wants more.
//!
//! ```text
//!  bytes in ─ server ─▶ wire::Query ─▶ engine::Worker::answer ─────────────────────▶ bytes out
//!                                       │ 1 clients   who asks?            (device)
//!                                       │ 2 policy    what holds for it?   (profile, button, schedule)
//!                                       │ 3 filter    does a rule match?   → block | allow | pass
//!                                       │ 4 cache     do we hold it?       → hit
//!                                       │ 5 filter    where does it lead?  → block | pass
//!                                       │   stats     count device × company × category × verdict
//!                                       ▼
//!                                      engine::resolve, on another thread, only if need be
//!                                       │ 6 upstream  ask, once for all who wait
//!                                       │ 7 cache     hold what upstream said, as it said it
//!                                       └ 8 filter    as 5, for each who waits
//! ```
//!
//! Steps 1 to 5 run in the loop that received the query: no allocation, no lock, one clock reading
//! a batch. What may change while the server runs is one immutable [`engine::Snapshot`] behind a
//! pointer: a reload builds another one aside and swaps.
//!
//! The rooms, and what each may use:
//!
//! | room | what it is for | may use |
//! |---|---|---|
//! | [`cli`] | the commands, one file each; `serve` opens and closes the doors | everything |
//! | [`config`] | `trackless.yaml` and its defaults; errors with file, line, column and what to write instead | catalogue, filter (formats), cache (bounds) |
//! | [`data`] | the data folder | – |
//! | [`clock`] | whether the system's clock can be believed; one that never jumps | – |
//! | [`wire`] | bytes ↔ DNS without allocation (padding of encrypted replies aside) | – |
//! | [`filter`] | rules: list formats, the compiled table, patterns, the owner's overlay, verdicts | wire |
//! | [`catalogue`] | what can be chosen by name: lists, databases, services, safe search, ways around | filter, wire |
//! | [`import`] | settings of Pi-hole, AdGuard Home and Blocky, as ours | config, catalogue, filter, cache (bounds) |
//! | [`trackers`] | companies and categories behind names; importing databases of them | config (levels), wire |
//! | [`lists`] | where rules come from: fetching, gates, keeping, compiling | filter, catalogue, trackers, config, policy (list numbers), upstream (connections), wire |
//! | [`clients`] | who asks: devices by card, address or name; what the network tells of them | config, clock, wire |
//! | [`policy`] | what holds for whom now: profiles, schedules, the button, the owner's choices; who may ask; which names may lead into the house | clients, clock, config, filter, trackers, catalogue, wire |
//! | [`history`] | the embedded store: what was set while the server runs; who followed whom, by hour and day; the log of queries | trackers (categories), filter (words of types) |
//! | [`backup`] | what is kept as one file, and back again | config, data, history, clock |
//! | [`cache`] | answers held, bounded in bytes, read without a lock | wire |
//! | [`stats`] | counters per thread by device, company and category; reach; minutes; histograms | clients, clock, filter, trackers, wire (their words) |
//! | [`upstream`] | who is asked, and how much at once: pools, pace, strategies, every transport, recursion, validation | wire, config, clock, stats (histograms) |
//! | [`alerts`] | what is worth a word to the owner, and whom it is sent to | lists (fetching), history, policy (the clock on the wall), config, clock |
//! | [`engine`] | the function above; changes while it runs; names of the house; writing counts down; what is told of all this to its owner | all of the above |
//! | [`server`] | the front doors: `udp`, `stream` (TCP, TLS), `doh`, `quic`; certificates | engine, config |
//! | [`web`] | HTTP: the API and what describes it, the dashboard's files, login, metrics, health | engine, history, policy, lists, stats, trackers, catalogue, clients, filter, config, data, alerts, clock, hardening, wire |
//! | [`hardening`] | what the process takes from itself once its doors are open | config |
//! | [`control`] | orders to the running server, over a socket | engine, web (accounts), alerts, wire |
//!
//! No room is used by one it uses. `wire`, `filter`, `catalogue`, `trackers` and `cache` are plain Rust: no
//! runtime, no clock of their own (time is an argument), no I/O but the table's file. Unsafe code
//! is in two files, `server/sys.rs` (batched system calls, sockets that are passed) and `filter/storage.rs` (mapping).

pub mod alerts;
pub mod backup;
pub mod cache;
pub mod catalogue;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod control;
pub mod data;
pub mod engine;
pub mod filter;
pub mod hardening;
pub mod history;
pub mod import;
pub mod lists;
pub mod policy;
pub mod server;
pub mod stats;
pub mod trackers;
pub mod upstream;
pub mod web;
pub mod wire;
