//! Who met whom: devices, companies, and lines between them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::companies::{Company, Facts, MOST_DAYS};
use super::request::Query;
use super::{HOUR, House, devices};
use crate::clock;
use crate::history::read::{self, Span};

/// Companies and devices shown, each.
const SHOWN: usize = 500;
/// Days where nobody says.
const DAYS: u64 = 7;

/// Which part of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Begin, in seconds since 1970; six days before today where nobody says.
    from: Option<u64>,
    /// End, in seconds since 1970; now where nobody says.
    to: Option<u64>,
    /// Only companies of this category.
    category: Option<String>,
}

/// Devices, companies, and lines between them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Graph {
    /// At most 500, those first that asked the most.
    devices: Vec<Device>,
    /// At most 500, those first that reached the most devices.
    companies: Vec<Linked>,
    /// Of each line: the place of its device, the place of its company, queries refused, queries let
    /// through.
    links: Vec<[u64; 4]>,
    span: Days,
}

/// A device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphDevice)]
struct Device {
    key: String,
    name: String,
    /// How many companies appeared in it.
    companies: u64,
    queries: u64,
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphCompany)]
struct Linked {
    name: String,
    owner: Option<String>,
    category: &'static str,
    /// In how many devices it appeared.
    devices: u64,
    /// In how many hours.
    hours: u64,
    block: u64,
    allow: u64,
    pass: u64,
    /// Whether any of its names is for following people.
    follows: bool,
}

/// Days of which there is anything.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GraphSpan)]
struct Days {
    /// When the first begins.
    first: Option<u64>,
    /// The running hour.
    last: u64,
}

/// Who met whom
#[utoipa::path(get, path = "/graph", tag = "read", params(Which),
    responses((status = 200, body = Graph)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(which): Query<Which>,
) -> Result<Json<Graph>, Problem> {
    let now = clock::now().0.as_secs() / HOUR;
    let last = which.to.map_or(now, |to| to / HOUR);
    let first = which.from.map_or_else(|| house.days(DAYS).first, |from| from / HOUR);
    if first > last || last - first >= (MOST_DAYS + 1) * 24 {
        let detail = format!("from and to: write `from` before `to`, and at most {MOST_DAYS} days");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    house
        .read(move |house, reader| {
            let span = Span { first, last };
            let facts = Facts::new(&house.engine, reader, span)?;
            let found = reader.graph(span)?;
            let names = devices::names(&house.engine);
            let companies = found.companies.into_iter().map(|company| facts.company(company));
            let is_wanted =
                |category| which.category.as_ref().is_none_or(|wanted| wanted == category);
            let companies = companies.filter(|company| is_wanted(company.of.category));
            let companies = companies.take(SHOWN).map(|Company { of, devices }| Linked {
                name: of.name,
                owner: of.owner,
                category: of.category,
                devices,
                hours: of.hours,
                block: of.block,
                allow: of.allow,
                pass: of.pass,
                follows: of.follows,
            });
            let devices = found.devices.into_iter().take(SHOWN).map(|device| Device {
                name: names.get(&device.key).unwrap_or(&device.key).clone(),
                companies: device.companies,
                queries: device.sums.all(),
                key: device.key,
            });
            let (companies, devices): (Vec<_>, Vec<_>) = (companies.collect(), devices.collect());
            let links = links(&devices, &companies, found.links);
            let known = reader.first_day()?.map(|day| day * 24 * HOUR);
            let span = Days { first: known, last: now * HOUR };
            Ok(Json(Graph { devices, companies, links, span }))
        })
        .await
}

fn links(
    devices: &[Device],
    companies: &[Linked],
    found: Vec<(String, String, read::Sums)>,
) -> Vec<[u64; 4]> {
    type Places<'a> = HashMap<&'a str, u64, RandomState>;
    let of_device: Places<'_> = devices.iter().map(|device| device.key.as_str()).zip(0..).collect();
    let of_company: Places<'_> =
        companies.iter().map(|company| company.name.as_str()).zip(0..).collect();
    let links = found.iter().filter_map(|(device, company, sums)| {
        let device = of_device.get(device.as_str())?;
        let company = of_company.get(company.as_str())?;
        Some([*device, *company, sums.block, sums.allow + sums.pass])
    });
    links.collect()
}
