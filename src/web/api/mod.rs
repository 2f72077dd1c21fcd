//! `/api/v1`: all that the dashboard shows and does, and other programs may.
//!
//! One file a subject. Routes and their description are one thing: what is not described cannot be
//! asked for. Long questions to the store run on threads of their own, a few at a time and not for
//! long; nothing here is ever waited for by whoever answers DNS. Who may ask is [`super::scope`]'s to
//! say.

// The macros that describe handlers name types in full.
#![expect(unused_qualifications)]

mod alerts;
mod button;
mod changes;
mod check;
mod choices;
mod companies;
mod devices;
mod document;
mod download;
mod export;
mod graph;
mod hours;
mod kept;
mod lists;
mod live;
mod minutes;
mod page;
mod profiles;
mod queries;
mod recordings;
mod request;
mod settings;
mod setup_info;
mod status;
mod upstreams;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::events::{self, Viewers};
use super::guard::API;
use super::problem::Problem;
use super::{Bound, Site, beside, scope};
use crate::clock;
use crate::config::Amendment;
use crate::engine::{ChangeError, Engine, Way, Wish};
use crate::history::StoreError;
use crate::history::read::{Reader, Span};
use document::Document;

pub(super) use devices::names as device_names;
pub(super) use live::Which as LiveOf;
pub(super) use page::tag;
pub(super) use request::Query;
pub(super) use status::status;

/// Long questions answered at a time; more wait.
const READS: usize = 3;
/// Time for one, and for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// What is told of, and changed.
pub(super) struct House {
    pub(super) engine: Arc<Engine>,
    bound: Bound,
    data: Option<PathBuf>,
    reads: Arc<Semaphore>,
    /// Who looks at what happens.
    pub(super) viewers: Viewers,
}

/// What came of it, in words.
#[derive(Debug, Serialize, ToSchema)]
struct Said {
    /// A line for people.
    said: String,
}

impl House {
    pub(super) fn new(engine: Arc<Engine>, bound: Bound, data: Option<PathBuf>) -> Self {
        let reads = Arc::new(Semaphore::new(READS));
        Self { engine, bound, data, reads, viewers: Viewers::default() }
    }

    /// Asks the store on a thread of its own.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&Self, &Reader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.work(|house| {
            let mut reader = house.engine.reader()?;
            reader.give_up_after(PATIENCE)?;
            ask(house, &reader)
        })
        .await
    }

    /// Does what takes long on a thread of its own.
    pub(super) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        then: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.reads).acquire_owned();
        let Ok(Ok(turn)) = timeout(PATIENCE, turn).await else {
            let detail = "too much is asked at once; try again in some seconds";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
        };
        let house = Arc::clone(self);
        beside(move || {
            let done = then(&house);
            drop(turn);
            done
        })
        .await?
    }

    /// Changes a profile, or what is subscribed to; waits until it holds.
    async fn amend(self: &Arc<Self>, amendment: Amendment) -> Result<Json<Said>, Problem> {
        self.work(move |house| match house.engine.wish(Wish::Amend(amendment, Way::Web)) {
            Ok(said) => Ok(Json(Said { said })),
            Err(error) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error)),
        })
        .await
    }

    /// The last `days` days, with today, as the clock of the house counts them.
    fn days(&self, days: u64) -> Span {
        let now = clock::now().0.as_secs();
        let back = i32::try_from(days.saturating_sub(1)).unwrap_or(i32::MAX);
        let first = self.engine.snapshot().clock.midnight(Timestamp::now(), back);
        let first = first.and_then(|first| u64::try_from(first.as_second()).ok()).unwrap_or(0);
        Span { first: first / HOUR, last: now / HOUR }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let is_late = matches!(&error, StoreError::Write(error) | StoreError::Database { error, .. }
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted));
        let detail = match is_late {
            true => "it takes too long; ask for fewer days".to_owned(),
            false => error.to_string(),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let status = match &error {
            ChangeError::Device(_) => StatusCode::NOT_FOUND,
            ChangeError::Profile(..)
            | ChangeError::Company(..)
            | ChangeError::Name(..)
            | ChangeError::DeviceName => StatusCode::UNPROCESSABLE_ENTITY,
            ChangeError::Most | ChangeError::Recordings | ChangeError::Snapshot(_) => {
                StatusCode::CONFLICT
            }
            ChangeError::NotKept(_) | ChangeError::Store(_) => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self::new(status, error.to_string())
    }
}

impl FromRef<Site> for Arc<House> {
    fn from_ref(site: &Site) -> Self {
        Self::clone(&site.house)
    }
}

/// What this room answers, but for what describes it.
pub(super) fn router() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(status::show))
        .routes(routes!(hours::show))
        .routes(routes!(companies::list))
        .routes(routes!(companies::show))
        .routes(routes!(devices::list))
        .routes(routes!(devices::show, devices::change))
        .routes(routes!(minutes::show))
        .routes(routes!(hours::heat))
        .routes(routes!(devices::silent))
        .routes(routes!(graph::show))
        .routes(routes!(choices::list, choices::choose))
        .routes(routes!(changes::list))
        .routes(routes!(check::show))
        .routes(routes!(lists::list, lists::subscribe))
        .routes(routes!(lists::unsubscribe))
        .routes(routes!(lists::update))
        .routes(routes!(lists::catalogue))
        .routes(routes!(profiles::list))
        .routes(routes!(profiles::say, profiles::take_away))
        .routes(routes!(upstreams::list))
        .routes(routes!(kept::show))
        .routes(routes!(kept::forget))
        .routes(routes!(kept::flush))
        .routes(routes!(setup_info::show))
        .routes(routes!(download::authority))
        .routes(routes!(download::apple))
        .routes(routes!(live::show))
        .routes(routes!(events::live))
        .routes(routes!(events::all))
        .routes(routes!(button::press))
        .routes(routes!(export::download))
        .routes(routes!(alerts::list))
        .routes(routes!(queries::list))
        .routes(routes!(recordings::start))
        .routes(routes!(recordings::show, recordings::stop))
        .routes(routes!(settings::list))
        .routes(routes!(settings::set, settings::clear))
}

/// What describes all of the API: a document for programs, and a page for people.
pub(super) fn described(described: OpenApi) -> Router<Site> {
    let described = Arc::new(Document::new(described));
    let of_json = Arc::clone(&described);
    let page = get(move |_: scope::Reader| async move { described.page() });
    let json = get(move |_: scope::Reader| async move { of_json.json() });
    let mut router = Router::new().route(&format!("{API}/openapi.json"), json);
    for path in ["/api", "/api/", API, &format!("{API}/")] {
        router = router.route(path, page.clone());
    }
    router.layer(middleware::from_fn(tag))
}
