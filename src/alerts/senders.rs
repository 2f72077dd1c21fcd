//! Sending alerts, on a thread of its own: a receiver that is dead costs a try now and then.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::outbox::{Next, Outbox};
use super::{Alert, Alerts, Sender, mqtt};
use crate::clock::Moment;
use crate::config::{self, SecretUrl, Upstream};
use crate::lists::fetch::{Fetcher, refusal};

/// How often it is looked whether there is something to do, where nothing wakes us.
const LOOK: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(60);
/// Time for one message.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is told beside alerts, to who shows the house as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct House {
    /// Whether the button of the house is on.
    pub on: bool,
    /// Queries refused since the day began; none before it is known.
    pub refused: Option<u64>,
}

/// Where senders find what they need.
pub struct Sources {
    /// What was told.
    pub alerts: Arc<Alerts>,
    /// What holds now of settings: to whom, and who knows where that is.
    pub settings: Box<dyn Fn() -> (config::Alerts, Upstream) + Send>,
    /// The house as it is.
    pub house: Box<dyn Fn() -> House + Send>,
}

/// Sends alerts from now on.
///
/// # Errors
/// No thread, or no runtime.
pub fn spawn(sources: Sources) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let run = move || {
        runtime.block_on(async {
            tokio::join!(
                post(Sender::Webhook, &sources),
                post(Sender::Ntfy, &sources),
                mqtt::run(&sources)
            )
        });
    };
    thread::Builder::new().name("alerts".to_owned()).spawn(run)?;
    Ok(())
}

async fn post(sender: Sender, sources: &Sources) {
    let mut news = sources.alerts.news.subscribe();
    let mut outbox = Outbox::default();
    let mut client: Option<(Upstream, Client)> = None;
    loop {
        let (settings, upstream) = (sources.settings)();
        let url = if sender == Sender::Ntfy { &settings.ntfy } else { &settings.webhook };
        let Some(url) = url else {
            // What was told before somebody wanted to know is old.
            outbox = Outbox::knowing(*news.borrow_and_update());
            client = None;
            wait(&mut news, SELDOM).await;
            continue;
        };
        let Some((last, message)) = outbox.message(&sources.alerts, settings.rate) else {
            let nothing = sources.alerts.after(outbox.done).is_empty();
            wait(&mut news, if nothing { SELDOM } else { LOOK }).await;
            continue;
        };
        outbox.tries(seconds());
        if client.as_ref().is_none_or(|(of, _)| *of != upstream) {
            let made = Fetcher::new(&upstream).map(Fetcher::into_client);
            client = made.ok().map(|client| (upstream, client));
        }
        let sent = match &client {
            Some((_, client)) => send(client, sender, url, &message).await,
            None => Err("the certificates of `upstream.ca` cannot be read".to_owned()),
        };
        match sent {
            Ok(()) => outbox.succeed(sender, last),
            Err(why) => outbox.fail(sender, &sources.alerts, &why),
        }
    }
}

async fn wait(news: &mut watch::Receiver<u64>, longest: Duration) {
    let _ = timeout(longest, news.changed()).await;
}

async fn send(
    client: &Client,
    sender: Sender,
    url: &SecretUrl,
    message: &Alert,
) -> Result<(), String> {
    let request = client.post(url.reveal().clone()).timeout(PATIENCE);
    let request = if sender == Sender::Ntfy {
        let title = format!("Trackless: {}", message.kind.replace('_', " "));
        let tags = format!("trackless,{}", message.kind);
        request.header("Title", title).header("Tags", tags).body(message.text.clone())
    } else {
        let body = serde_json::to_string(message).map_err(|error| error.to_string())?;
        request.header(CONTENT_TYPE, "application/json").body(body)
    };
    let reply = request.send().await.map_err(|error| refusal(&error, url.reveal()).to_string())?;
    let status = reply.status();
    if status.is_success() { Ok(()) } else { Err(format!("{} answers {status}", url.host())) }
}

/// Seconds by a clock that never jumps.
pub(super) fn seconds() -> u64 {
    Moment::now().steady.as_secs()
}

impl Outbox {
    /// The message to send now, and the number of the last alert it tells of.
    pub(super) fn message(&mut self, alerts: &Alerts, most: usize) -> Option<(u64, Alert)> {
        let mut waiting = alerts.after(self.done);
        match self.next(waiting.len(), most, seconds()) {
            Next::Nothing => None,
            Next::One => Some(waiting.swap_remove(0)),
            Next::Sum => {
                let (last, latest) = waiting.last()?;
                let (last, at) = (*last, latest.at);
                let lost = (last - self.done).saturating_sub(waiting.len() as u64);
                let waiting: Vec<Alert> = waiting.into_iter().map(|(_, alert)| alert).collect();
                Some((last, Alert::sum(&waiting, lost, at)))
            }
        }
    }

    /// The message with the alert `last` is there.
    pub(super) fn succeed(&mut self, sender: Sender, last: u64) {
        self.recover(sender);
        self.has_sent(last);
    }

    /// The receiver is well.
    pub(super) fn recover(&mut self, sender: Sender) {
        if !self.is_well() {
            info!("alerts get through by {} again", sender.as_str());
            self.has_sent(self.done);
        }
    }

    /// The receiver was not to be had.
    pub(super) fn fail(&mut self, sender: Sender, alerts: &Alerts, why: &str) {
        alerts.has_failed(sender);
        if self.has_failed(seconds()) {
            let sender = sender.as_str();
            warn!("alerts do not get through by {sender}, it is tried again: {why}");
        }
    }
}
