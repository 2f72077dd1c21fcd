//! What happens, as it happens (server-sent events).
//!
//! One task looks for all viewers together, and only while there are any: when the last one goes, it
//! ends, and the ring of queries with it. A viewer who is too slow misses some; nobody waits.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, interval};

use super::api::{House, LiveOf, Query, status};
use super::problem::Problem;
use super::scope::Reader;
use super::serve::StreamPlace;
use crate::engine::told::{self, Asked};

/// From one look to the next.
const PACE: Duration = Duration::from_millis(250);
/// From one telling how things stand to the next.
const STATUS: Duration = Duration::from_secs(5);
/// Events that wait for a slow viewer.
const WAITING: usize = 1_024;
/// A viewer hears at least this often that we are there.
const HEART_BEAT: Duration = Duration::from_secs(15);

/// Who looks.
#[derive(Default)]
pub(super) struct Viewers {
    live: Channel<Asked>,
    events: Channel<Event>,
}

/// What one task sends to many; the task lives as long as anybody receives.
struct Channel<T>(Mutex<Option<broadcast::Sender<Arc<T>>>>);

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Channel<T> {
    /// Receives; `begin` starts the task where there is none.
    fn join(&self, begin: impl FnOnce(broadcast::Sender<Arc<T>>)) -> broadcast::Receiver<Arc<T>> {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            return sender.subscribe();
        }
        let (new, receiver) = broadcast::channel(WAITING);
        *sender = Some(new.clone());
        begin(new);
        receiver
    }

    /// Whether nobody receives any more; the next one starts another task.
    fn is_over(&self) -> bool {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = sender.as_ref().is_none_or(|sender| sender.receiver_count() == 0);
        if over {
            *sender = None;
        }
        over
    }
}

/// What is received, until the viewer goes or their `place` is over: it is theirs for so long.
fn received<T: Send + Sync + 'static>(
    receiver: broadcast::Receiver<Arc<T>>,
    place: StreamPlace,
) -> impl Stream<Item = Arc<T>> + Send {
    stream::unfold((receiver, place), async |(mut receiver, place)| {
        loop {
            tokio::select! {
                () = place.over() => return None,
                received = receiver.recv() => match received {
                    Ok(event) => return Some((event, (receiver, place))),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    })
}

fn respond(events: impl Stream<Item = Event> + Send + 'static) -> impl IntoResponse {
    let events = events.map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEART_BEAT))
}

fn of_asked(asked: &Asked) -> Event {
    let event = Event::default().event("asked").id(asked.number.to_string());
    event.json_data(asked).unwrap_or_default()
}

/// What is asked right now, as it is asked: events `asked`; their id is the number, so that a viewer
/// who comes back misses nothing that is still there
#[utoipa::path(get, path = "/live/stream", tag = "read", params(LiveOf),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn live(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(LiveOf { after, device }): Query<LiveOf>,
    place: StreamPlace,
    head: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let last = head.get("last-event-id").and_then(|last| last.to_str().ok()?.parse().ok());
    let after = last.or(after).unwrap_or(0);
    // Joined first: what is asked meanwhile is there twice, and told once.
    let receiver = house.viewers.live.join(|sender| {
        tokio::spawn(watch(Arc::clone(&house), sender));
    });
    let before = told::live(&house.engine, after, device.as_deref())?;
    let last = before.last().map_or(after, |asked| asked.number);
    let key = device.map(|device| told::key(&house.engine, &device)).transpose()?;
    let is_meant = move |asked: &Asked| {
        asked.number > last && key.as_ref().is_none_or(|key| asked.key == *key)
    };
    let before = stream::iter(before).map(|asked| of_asked(&asked));
    let coming = received(receiver, place)
        .filter_map(move |asked| std::future::ready(is_meant(&asked).then(|| of_asked(&asked))));
    Ok(respond(before.chain(coming)))
}

async fn watch(house: Arc<House>, sender: broadcast::Sender<Arc<Asked>>) {
    let mut last = house.engine.watch(0).last().map_or(0, |asked| asked.number);
    let mut pace = interval(PACE);
    loop {
        pace.tick().await;
        if house.viewers.live.is_over() {
            return;
        }
        for asked in told::live(&house.engine, last, None).unwrap_or_default() {
            last = asked.number;
            let _ = sender.send(Arc::new(asked));
        }
    }
}

/// What happens: `button` when it is pressed or a pause ends, `status` every five seconds, `changed`
/// when anything was set or reloaded
#[utoipa::path(get, path = "/events", tag = "read",
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn all(
    _: Reader,
    State(house): State<Arc<House>>,
    place: StreamPlace,
) -> impl IntoResponse {
    let receiver = house.viewers.events.join(|sender| {
        tokio::spawn(look(Arc::clone(&house), sender));
    });
    // A newcomer need not wait to know where the button stands.
    let first = stream::iter([button(&house)]);
    let coming = received(receiver, place).map(|event| Event::clone(&event));
    respond(first.chain(coming))
}

fn button(house: &House) -> Event {
    let button = told::button(&house.engine, None);
    Event::default().event("button").json_data(button).unwrap_or_default()
}

async fn look(house: Arc<House>, sender: broadcast::Sender<Arc<Event>>) {
    // The old one is let go: its place alone is kept, so that no new one has it.
    let snapshot = |house: &House| Arc::downgrade(&house.engine.snapshot());
    let (mut known, mut stands) = (snapshot(&house), house.engine.button());
    let mut told_at: Option<Instant> = None;
    let mut pace = interval(PACE);
    loop {
        pace.tick().await;
        if house.viewers.events.is_over() {
            return;
        }
        let now = snapshot(&house);
        if !now.ptr_eq(&known) {
            known = now;
            let pressed = house.engine.button();
            if pressed != stands {
                stands = pressed;
                let _ = sender.send(Arc::new(button(&house)));
            }
            let _ = sender.send(Arc::new(Event::default().event("changed").data("{}")));
        }
        if told_at.is_none_or(|at| at.elapsed() >= STATUS) {
            told_at = Some(Instant::now());
            if let Ok(status) = status(&house).await
                && let Ok(event) = Event::default().event("status").json_data(status)
            {
                let _ = sender.send(Arc::new(event));
            }
        }
    }
}
