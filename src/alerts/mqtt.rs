//! Telling a server of MQTT, in the words of Home Assistant: where the button stands, how many
//! queries were refused today, and alerts.
//!
//! Topics below the prefix of the settings: `availability`, `button` and `refused_today` are kept by
//! the server, `alert` is told once. Nothing is taken from there: the button cannot be pressed by it.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::outbox::Outbox;
use super::senders::{House, Sources, seconds};
use super::{Alert, Sender};
use crate::config::{AlertKind, SecretUrl, Upstream};
use crate::lists::fetch;

const PORT: u16 = 1_883;
/// What topics begin with where the settings do not say.
const PREFIX: &str = "trackless";
/// How often it is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(1);
/// The same, while nobody is to be told.
const SELDOM: Duration = Duration::from_secs(5);
/// Time to connect, and for the server to say that it has an alert.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that lasts so long is a good one.
const GOOD: Duration = Duration::from_secs(60);
/// After this the server says that we are gone, one and a half times.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Messages on their way.
const LINE: usize = 16;

/// Connects and tells, for as long as the process lives.
pub(super) async fn run(sources: &Sources) {
    let news = sources.alerts.news.subscribe();
    let mut outbox = Outbox::default();
    loop {
        let (settings, upstream) = (sources.settings)();
        let Some(url) = settings.mqtt else {
            outbox = Outbox::knowing(*news.borrow());
            sleep(SELDOM).await;
            continue;
        };
        if !outbox.may_try(seconds()) {
            sleep(LOOK).await;
            continue;
        }
        let ended = match Session::open(&url, &upstream).await {
            Ok(session) => session.tell(sources, &url, &mut outbox).await,
            Err(why) => Err(why),
        };
        if let Err(why) = ended {
            outbox.fail(Sender::Mqtt, &sources.alerts, &format!("{}: {why}", url.host()));
        }
    }
}

/// A connection to the server.
struct Session {
    client: AsyncClient,
    /// An alert is there, or the connection has ended.
    events: mpsc::Receiver<Result<(), String>>,
    /// Keeps the connection going; ends it when this goes.
    _connection: JoinSet<()>,
    prefix: String,
}

impl Session {
    async fn open(url: &SecretUrl, upstream: &Upstream) -> Result<Self, String> {
        let url = url.reveal();
        let host = url.host_str().unwrap_or_default();
        let address = timeout(PATIENCE, fetch::address(upstream, host))
            .await
            .map_err(|_| "its address is not to be had".to_owned())?
            .map_err(|error| error.to_string())?;
        let prefix = prefix(url);
        let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        let mut options = MqttOptions::new(id(&prefix), host, url.port().unwrap_or(PORT));
        options.set_keep_alive(KEEP_ALIVE);
        options.set_last_will(LastWill::new(
            format!("{prefix}/availability"),
            "offline",
            QoS::AtLeastOnce,
            true,
        ));
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if !url.username().is_empty() {
            let password = url.password().unwrap_or_default();
            options.set_credentials(decoded(url.username()), decoded(password));
        }
        let (client, mut connection) = AsyncClient::new(options, LINE);
        connection.network_options.set_connection_timeout(PATIENCE.as_secs());
        // The first that happens is that it is connected.
        connection.poll().await.map_err(|error| error.to_string())?;
        let (happens, events) = mpsc::channel(LINE);
        let mut task = JoinSet::new();
        task.spawn(keep(connection, happens));
        Ok(Self { client, events, _connection: task, prefix })
    }

    /// Tells until the connection ends, which is an error, or the settings change.
    async fn tell(
        mut self,
        sources: &Sources,
        url: &SecretUrl,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        let mut news = sources.alerts.news.subscribe();
        let opened = Instant::now();
        for (topic, config) in discovery(&self.prefix) {
            self.publish(topic, QoS::AtMostOnce, true, config.to_string()).await?;
        }
        self.state("availability", "online".to_owned()).await?;
        let mut told: Option<House> = None;
        let mut sent: Option<(u64, Instant)> = None;
        loop {
            let (settings, _) = (sources.settings)();
            if settings.mqtt.as_ref() != Some(url) {
                self.state("availability", "offline".to_owned()).await?;
                let _ = self.client.disconnect().await;
                let _ =
                    timeout(PATIENCE, async { while self.events.recv().await.is_some() {} }).await;
                return Ok(());
            }
            let house = (sources.house)();
            if told.map(|told| told.on) != Some(house.on) {
                self.state("button", if house.on { "ON" } else { "OFF" }.to_owned()).await?;
            }
            if let Some(refused) = house.refused
                && told.and_then(|told| told.refused) != Some(refused)
            {
                self.state("refused_today", refused.to_string()).await?;
            }
            told = Some(house);
            if sent.is_none()
                && let Some((last, message)) = outbox.message(&sources.alerts, settings.rate)
            {
                outbox.tries(seconds());
                let topic = format!("{}/alert", self.prefix);
                self.publish(topic, QoS::AtLeastOnce, false, event(&message)).await?;
                sent = Some((last, Instant::now()));
            }
            if sent.is_some_and(|(_, at)| at.elapsed() > PATIENCE) {
                return Err("it does not take an alert".to_owned());
            }
            if opened.elapsed() > GOOD {
                outbox.recover(Sender::Mqtt);
            }
            tokio::select! {
                event = self.events.recv() => {
                    event.unwrap_or_else(|| Err("the connection has ended".to_owned()))?;
                    if let Some((last, _)) = sent.take() {
                        outbox.succeed(Sender::Mqtt, last);
                    }
                }
                _ = news.changed() => {}
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn state(&self, name: &str, state: String) -> Result<(), String> {
        self.publish(format!("{}/{name}", self.prefix), QoS::AtMostOnce, true, state).await
    }

    async fn publish(
        &self,
        topic: String,
        quality: QoS,
        is_kept: bool,
        text: String,
    ) -> Result<(), String> {
        let sent = timeout(PATIENCE, self.client.publish(topic, quality, is_kept, text)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err("it takes nothing".to_owned()),
        }
    }
}

async fn keep(mut connection: EventLoop, happens: mpsc::Sender<Result<(), String>>) {
    loop {
        let event = match connection.poll().await {
            // Only alerts are to be acknowledged.
            Ok(Event::Incoming(Packet::PubAck(_))) => Ok(()),
            Ok(_) => continue,
            Err(error) => Err(error.to_string()),
        };
        let is_over = event.is_err();
        if happens.send(event).await.is_err() || is_over {
            return;
        }
    }
}

fn prefix(url: &Url) -> String {
    let path = percent_decode_str(url.path().trim_matches('/')).decode_utf8_lossy();
    if path.is_empty() { PREFIX.to_owned() } else { path.into_owned() }
}

/// What Home Assistant knows this house by.
fn id(prefix: &str) -> String {
    prefix.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect()
}

/// An alert as Home Assistant takes events.
fn event(alert: &Alert) -> String {
    let Alert { at, kind, what, device, company, list, text } = alert;
    json!({
        "event_type": kind, "what": what, "at": at, "device": device, "company": company,
        "list": list, "text": text,
    })
    .to_string()
}

/// What Home Assistant is to make of our topics, each with the topic where it looks for that.
fn discovery(prefix: &str) -> [(String, Value); 3] {
    let id = id(prefix);
    let mut kinds: Vec<&str> = AlertKind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.push("sum");
    let entity = |component: &str, topic: &str, own: Value| {
        let mut config = json!({
            "unique_id": format!("{id}_{topic}"),
            "state_topic": format!("{prefix}/{topic}"),
            "availability_topic": format!("{prefix}/availability"),
            "device": {
                "identifiers": [id], "name": "Trackless", "sw_version": env!("CARGO_PKG_VERSION"),
            },
            "origin": { "name": "Trackless", "sw_version": env!("CARGO_PKG_VERSION") },
        });
        if let (Value::Object(config), Value::Object(own)) = (&mut config, own) {
            config.extend(own);
        }
        (format!("homeassistant/{component}/{id}/{topic}/config"), config)
    };
    [
        entity("binary_sensor", "button", json!({ "name": "Button", "icon": "mdi:shield" })),
        entity(
            "sensor",
            "refused_today",
            json!({
                "name": "Refused today", "icon": "mdi:counter",
                "unit_of_measurement": "queries", "state_class": "total_increasing",
            }),
        ),
        entity("event", "alert", json!({ "name": "Alert", "event_types": kinds })),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_below_the_prefix() {
        let of = |url: &str| prefix(&Url::parse(url).unwrap());
        assert_eq!(of("mqtt://192.0.2.1"), "trackless");
        assert_eq!(of("mqtt://u:p@192.0.2.1:1884/my%20home/dns/"), "my home/dns");
        let [(topic, config), ..] = discovery("my home/dns");
        assert_eq!(topic, "homeassistant/binary_sensor/my_home_dns/button/config");
        assert_eq!(config["state_topic"], "my home/dns/button");
        assert_eq!(config["name"], "Button");
    }
}
