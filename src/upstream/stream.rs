//! TCP and TLS to an upstream, through hickory's exchanges: one connection, many questions.
//!
//! hickory's resolver turns replies without data into errors and drops what else they say; its
//! exchanges below give the reply's bytes untouched. Their limit: a message with one record that
//! hickory cannot parse fails as a whole (read in hickory-net 0.26.3).

use std::cell::RefCell;
use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, ProtocolConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsExchange, FirstAnswer as _};
use hickory_resolver::net::{DnsHandle as _, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Message};
use hickory_resolver::{ConnectionProvider as _, PoolContext, TlsConfig};
use tokio::sync::Mutex;

use super::message::Question;
use super::server::AskError;
use crate::config::{Transport, UpstreamUrl};

/// Questions in flight on one connection.
const MOST_IN_FLIGHT: usize = 1_024;

type Exchange = DnsExchange<TokioRuntimeProvider>;

/// The connection to one server, dialled when first needed and again when broken.
pub(super) struct Stream {
    url: UpstreamUrl,
    /// Owns the tasks behind the connections: they end with it.
    runtime: TokioRuntimeProvider,
    exchange: RefCell<Option<Numbered>>,
    /// Held while dialling, so that questions that wait for a connection share it.
    dialling: Mutex<()>,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    exchange: Exchange,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream({})", self.url)
    }
}

impl Stream {
    pub(super) fn new(url: &UpstreamUrl) -> Self {
        Self {
            url: url.clone(),
            runtime: TokioRuntimeProvider::default(),
            exchange: RefCell::default(),
            dialling: Mutex::default(),
        }
    }

    /// Asks over the connection there is; where that turns out to be broken, once more over a new
    /// one.
    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<u8>, AskError> {
        let used = self.exchange.borrow().clone();
        if let Some(used) = used {
            match send(&used.exchange, question).await {
                Ok(reply) => return Ok(reply),
                Err(_) => self.forget(used.number),
            }
        }
        let fresh = self.dial().await?;
        let result = send(&fresh.exchange, question).await;
        if result.is_err() {
            self.forget(fresh.number);
        }
        result
    }

    fn forget(&self, number: u64) {
        let mut exchange = self.exchange.borrow_mut();
        if exchange.as_ref().is_some_and(|exchange| exchange.number == number) {
            *exchange = None;
        }
    }

    async fn dial(&self) -> Result<Numbered, AskError> {
        let _dialling = self.dialling.lock().await;
        if let Some(exchange) = &*self.exchange.borrow() {
            return Ok(exchange.clone());
        }
        let protocol = match (self.url.transport, &self.url.server_name) {
            (Transport::Udp | Transport::Tcp, _) => ProtocolConfig::Tcp,
            (Transport::Tls, Some(name)) => {
                ProtocolConfig::Tls { server_name: Arc::from(name.as_str()) }
            }
            (Transport::Tls, None) => {
                ProtocolConfig::Tls { server_name: self.url.address.ip().to_string().into() }
            }
        };
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = self.url.address.port();
        let mut options = ResolverOpts::default();
        options.max_active_requests = MOST_IN_FLIGHT;
        let context = PoolContext::new(options, TlsConfig::new()?);
        let exchange =
            self.runtime.new_connection(self.url.address.ip(), &connection, &context)?.await?;
        let number = getrandom::u64().unwrap_or_default();
        let fresh = Numbered { number, exchange };
        *self.exchange.borrow_mut() = Some(fresh.clone());
        Ok(fresh)
    }
}

async fn send(exchange: &Exchange, question: &Question) -> Result<Vec<u8>, AskError> {
    // hickory sets an ID of its own.
    let message = Message::from_vec(&question.message(0, &question.wire()))
        .map_err(|error| NetError::from(error.to_string()))?;
    let mut options = DnsRequestOptions::default();
    options.use_edns = false;
    let request = DnsRequest::new(message, options);
    Ok(exchange.send(request).first_answer().await?.into_buffer())
}
