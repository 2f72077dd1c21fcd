//! Companies that tried to follow.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::problem::Problem;
use super::super::scope::Reader;
use super::choices::{Chosen, chosen};
use super::page::{Page, Paging};
use super::request::{Path, Query, within};
use super::{House, devices};
use crate::config::Rules;
use crate::engine::Engine;
use crate::filter::{Asker, Verdict};
use crate::history::read::{self, Span};
use crate::policy::{Choice, Subject};
use crate::trackers::{Category, builtin_domains};
use crate::wire::Rtype;

/// Most days asked for.
pub(super) const MOST_DAYS: u64 = 400;
/// Owners of owners followed.
const MOST_OWNERS: usize = 8;

/// A company in some days.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Company {
    #[serde(flatten)]
    pub(super) of: OfCompany,
    /// In how many devices it appeared.
    pub(super) devices: u64,
}

/// What is told of a company everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OfCompany {
    pub(super) name: String,
    /// Whose it is, where that is another.
    pub(super) owner: Option<String>,
    /// What most of its trackers are for.
    pub(super) category: &'static str,
    /// Refused.
    pub(super) block: u64,
    /// Let through by a rule.
    pub(super) allow: u64,
    /// Let through.
    pub(super) pass: u64,
    /// In how many hours it appeared.
    pub(super) hours: u64,
    /// Whether nobody had met it before these days.
    is_new: bool,
    /// What was chosen for the house.
    choice: Option<Choice>,
    /// Whether any of its names is for following people; false where all of them are what people need.
    pub(super) follows: bool,
}

/// A company and all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WholeCompany)]
pub(super) struct Whole {
    #[serde(flatten)]
    of: OfCompany,
    /// From it to its top owner.
    chain: Vec<String>,
    /// Names of it that come along with this program.
    domains: Vec<&'static str>,
    /// Where it appeared.
    devices: Vec<Met>,
    /// What was chosen of it.
    choices: Vec<Chosen>,
    /// Lists that refuse any of its domains.
    lists: Vec<String>,
    /// Names of others seen today that lead to it; only while queries are kept.
    cloaked: Vec<String>,
}

/// A device in which a company appeared.
#[derive(Debug, Serialize, ToSchema)]
struct Met {
    key: String,
    name: String,
    block: u64,
    allow: u64,
    pass: u64,
    hours: u64,
    /// The last hour it did.
    last: u64,
}

/// What is known of all companies.
pub(super) struct Facts {
    owners: HashMap<String, Option<String>, RandomState>,
    /// Companies that follow nobody.
    needed: HashSet<String, RandomState>,
    rules: Rules,
    /// Whether anything is known of the time before.
    has_before: bool,
}

/// Companies of which all names are what people need.
pub(super) fn needed(engine: &Engine) -> HashSet<String, RandomState> {
    let snapshot = engine.snapshot();
    let needed = snapshot.rules.facts.companies().filter(|company| !company.follows);
    needed.map(|company| company.name.clone()).collect()
}

impl Facts {
    pub(super) fn new(engine: &Engine, reader: &read::Reader, span: Span) -> Result<Self, Problem> {
        let snapshot = engine.snapshot();
        let companies = snapshot.rules.facts.companies();
        let owners = companies.map(|company| (company.name.clone(), company.owner.clone()));
        let rules = engine.choices().house.above(&snapshot.config.rules);
        let known = reader.first_day()?;
        let has_before = known.is_some_and(|known| known < span.first / 24);
        let (owners, needed) = (owners.collect(), needed(engine));
        Ok(Self { owners, needed, rules, has_before })
    }

    pub(super) fn company(&self, found: read::Company) -> Company {
        let is_in =
            |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(&found.name));
        let choice = if is_in(&self.rules.block_companies) {
            Some(Choice::Block)
        } else {
            is_in(&self.rules.allow_companies).then_some(Choice::Allow)
        };
        let of = OfCompany {
            owner: self.owners.get(&found.name).cloned().flatten(),
            category: found.category.unwrap_or(Category::Other).as_str(),
            block: found.block,
            allow: found.allow,
            pass: found.pass,
            hours: found.hours,
            is_new: found.is_new && self.has_before,
            choice,
            follows: !self.needed.contains(&found.name),
            name: found.name,
        };
        Company { of, devices: found.devices }
    }

    fn chain(&self, name: &str) -> Vec<String> {
        let mut chain = vec![name.to_owned()];
        while let Some(Some(Some(owner))) = chain.last().map(|last| self.owners.get(last))
            && !chain.contains(owner)
            && chain.len() < MOST_OWNERS
        {
            chain.push(owner.clone());
        }
        chain
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Sort {
    /// Those first that reached the most devices in the most hours.
    #[default]
    Reach,
    /// Those first whose names were asked for the most.
    Queries,
    /// By name.
    Name,
}

/// Which companies.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// In how many days, with today.
    #[param(minimum = 1, maximum = 400, default = 7)]
    days: Option<u64>,
    /// Only in this device.
    device: Option<String>,
    /// Only of this category.
    category: Option<String>,
    /// Only those whose name, or whose owner's, has this in it.
    q: Option<String>,
    #[param(inline)]
    sort: Option<Sort>,
}

/// Companies that tried to follow
#[utoipa::path(get, path = "/companies", tag = "read", params(Which, Paging),
    responses((status = 200, body = Page<Company>)))]
pub(super) async fn list(
    _: Reader,
    State(house): State<Arc<House>>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Company>>, Problem> {
    let days = within("days", which.days.unwrap_or(7), 1..=MOST_DAYS)?;
    house
        .read(move |house, reader| {
            let span = house.days(days);
            let facts = Facts::new(&house.engine, reader, span)?;
            let found = reader.companies(span, which.device.as_deref())?;
            let mut found: Vec<Company> = found
                .into_iter()
                .map(|found| facts.company(found))
                .filter(|company| which.wants(company))
                .collect();
            match which.sort.unwrap_or_default() {
                Sort::Reach => {}
                Sort::Queries => {
                    let all = |Company { of, .. }: &Company| of.block + of.allow + of.pass;
                    found.sort_by_key(|company| u64::MAX - all(company));
                }
                Sort::Name => found.sort_by_key(|company| company.of.name.to_lowercase()),
            }
            Page::of(found, &paging, |company| company.of.name.clone()).map(Json)
        })
        .await
}

impl Which {
    fn wants(&self, Company { of, .. }: &Company) -> bool {
        let of_category = self.category.as_ref().is_none_or(|category| of.category == *category);
        let has = |text: &String| {
            let text = text.to_lowercase();
            let names = std::iter::once(&of.name).chain(&of.owner);
            names.map(|name| name.to_lowercase()).any(|name| name.contains(&text))
        };
        of_category && self.q.as_ref().is_none_or(has)
    }
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// How many, with today.
    #[param(minimum = 1, maximum = 400, default = 30)]
    days: Option<u64>,
}

/// A company, and all that is known of it
#[utoipa::path(get, path = "/companies/{name}", tag = "read",
    params(("name" = String, Path, description = "As it is shown"), Days),
    responses((status = 200, body = Whole)))]
pub(super) async fn show(
    _: Reader,
    State(house): State<Arc<House>>,
    Path(name): Path,
    Query(Days { days }): Query<Days>,
) -> Result<Json<Whole>, Problem> {
    let days = within("days", days.unwrap_or(30), 1..=MOST_DAYS)?;
    house
        .read(move |house, reader| {
            let (span, engine) = (house.days(days), &house.engine);
            let facts = Facts::new(engine, reader, span)?;
            let mut found = reader.companies(span, None)?.into_iter();
            let found = found.find(|company| company.name == name);
            if found.is_none() && !facts.owners.contains_key(&name) {
                let detail = format!("nothing is known of a company `{name}`");
                return Err(Problem::new(StatusCode::NOT_FOUND, detail));
            }
            let nothing = || read::Company { name: name.clone(), ..read::Company::default() };
            let names = devices::names(engine);
            let met = reader.of_company(span, &name)?.into_iter().map(|of| Met {
                name: names.get(&of.key).unwrap_or(&of.key).clone(),
                block: of.sums.block,
                allow: of.sums.allow,
                pass: of.sums.pass,
                hours: of.hours,
                last: of.last,
                key: of.key,
            });
            let domains = builtin_domains(&name);
            let is_it = |chosen: &Chosen| {
                matches!(&chosen.subject, Subject::Company(of) if of.eq_ignore_ascii_case(&name))
            };
            Ok(Json(Whole {
                chain: facts.chain(&name),
                devices: met.collect(),
                choices: chosen(&engine.choices()).into_iter().filter(is_it).collect(),
                lists: lists(engine, &domains),
                domains,
                cloaked: Vec::new(),
                of: facts.company(found.unwrap_or_else(nothing)).of,
            }))
        })
        .await
}

/// Names of lists that refuse any of `domains`, whoever asks.
fn lists(engine: &Engine, domains: &[&str]) -> Vec<String> {
    let snapshot = engine.snapshot();
    let everybody = Asker {
        lists: u64::MAX,
        noted: 0,
        services: &[0; 4],
        qtype: Rtype::A,
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        name: "",
        tags: &[],
    };
    let mut against = 0;
    for domain in domains.iter().filter_map(|domain| domain.parse().ok()) {
        let mut verdict = Verdict::default();
        snapshot.rules.table.judge(&domain, &everybody, &mut verdict);
        against |= verdict.against;
    }
    let lists = (0_u32..).zip(&snapshot.rules.lists);
    let refusing = lists.filter(|(number, _)| against.checked_shr(*number).unwrap_or(0) & 1 == 1);
    refusing.map(|(_, list)| list.name.clone()).collect()
}
