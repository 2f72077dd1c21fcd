//! What another server's settings come to, while they are read.
//!
//! Each value is tried on our own settings before it is taken, so that what is accepted, and what is
//! said of what is not, is known in one place.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::groups::{Device, Group, Whom, unique};
use super::written::scalar;
use super::{Note, Product, tree};
use crate::cache::MOST_POOLS;
use crate::catalogue;
use crate::config::{Config, ConfigError, MAX_LISTS};

/// Settings taken from another server.
#[derive(Debug)]
pub struct Imported {
    pub(super) product: Product,
    /// Values by key.
    pub(super) settings: BTreeMap<&'static str, Vec<String>>,
    /// Servers by the domain they know.
    pub(super) domains: BTreeMap<String, Vec<String>>,
    /// The first is everybody.
    pub(super) groups: Vec<Group>,
    pub(super) lists: Vec<Source>,
    pub(super) devices: Vec<Device>,
    /// How often each name was wanted.
    pub(super) device_names: HashMap<String, u32>,
    pub(super) notes: Vec<Note>,
    /// Settings to try values on.
    tried: Config,
}

/// A list.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) from: From,
    pub(super) allow: bool,
    pub(super) update: Option<String>,
    pub(super) whom: Whom,
}

/// Where its rules are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum From {
    /// At the address that the catalogue has for its name.
    Catalogue,
    Url(String),
    File(String),
    /// In a file beside the settings, as Adblock-style lists have them.
    Own(Vec<String>),
}

impl Imported {
    pub(super) fn new(product: Product) -> Self {
        Self {
            product,
            settings: BTreeMap::new(),
            domains: BTreeMap::new(),
            groups: vec![Group::default()],
            lists: Vec::new(),
            devices: Vec::new(),
            device_names: HashMap::new(),
            notes: Vec::new(),
            tried: Config::default(),
        }
    }

    /// What came over, and what did not.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(super) fn took(&mut self, what: &str) {
        self.notes.push(Note { what: what.to_owned(), left: None });
    }

    pub(super) fn left(&mut self, what: &str, why: &str) {
        self.notes.push(Note { what: what.to_owned(), left: Some(why.to_owned()) });
    }

    /// Whether our settings take `yaml` for `key`.
    pub(super) fn accepts(&mut self, key: &str, yaml: &str) -> Result<(), String> {
        self.tried.set(key, yaml).map_err(|error| reason(key, &error))
    }

    /// Makes a setting, if it takes `value`.
    pub(super) fn set(&mut self, key: &'static str, value: &str, what: &str) {
        match self.accepts(key, &scalar(value)) {
            Ok(()) => {
                self.put(key, value);
                self.took(what);
            }
            Err(why) => self.left(what, &why),
        }
    }

    /// Makes a setting that names a file, which only the settings file itself may.
    pub(super) fn put(&mut self, key: &'static str, value: &str) {
        self.settings.insert(key, vec![value.to_owned()]);
    }

    /// Adds a value to a setting of many, if it takes it.
    pub(super) fn add(&mut self, key: &'static str, value: &str, what: &str) {
        let full = key == "upstream.clients"
            && self.settings.get(key).is_some_and(|values| values.len() >= MOST_POOLS);
        let accepted = if full {
            Err(format!("at most {MOST_POOLS} clients can have servers of their own"))
        } else {
            self.accepts(key, &scalar(value))
        };
        match accepted {
            Ok(()) => {
                self.push(key, value);
                self.took(what);
            }
            Err(why) => self.left(what, &why),
        }
    }

    /// The same without a word and unseen, where many values come of one thing.
    pub(super) fn push(&mut self, key: &'static str, value: &str) {
        self.settings.entry(key).or_default().push(value.to_owned());
    }

    /// Sends questions for `domain` to `servers`; or says of `what` why not.
    pub(super) fn forward(&mut self, domains: &[String], servers: &[String], what: &str) {
        for domain in domains {
            let line = format!("{domain} {}", servers.join(" "));
            if let Err(why) = self.accepts("upstream.domains", &scalar(&line)) {
                return self.left(what, &why);
            }
        }
        for domain in domains {
            let known = self.domains.entry(domain.to_ascii_lowercase()).or_default();
            known.extend(
                servers
                    .iter()
                    .filter(|server| !known.contains(server))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        self.took(what);
    }

    /// Gives clients servers of their own, whom they must be known to by these addresses or networks.
    pub(super) fn serve_clients(
        &mut self,
        known_by: &[String],
        servers: Result<Vec<String>, String>,
        what: &str,
    ) {
        let servers = match servers {
            Ok(servers) => servers.join(" "),
            Err(why) => return self.left(what, &why),
        };
        let is_network = |id: &&String| id.parse::<IpAddr>().is_ok() || id.parse::<IpNet>().is_ok();
        let networks: Vec<_> = known_by.iter().filter(is_network).collect();
        if networks.is_empty() {
            return self.left(what, "only clients known by address have servers of their own");
        }
        for network in networks {
            self.add("upstream.clients", &format!("{network} {servers}"), what);
        }
    }

    /// Names in one line the parts of a file that nothing is read of.
    pub(super) fn leave_others(&mut self, root: &Value, read: &[&str]) {
        let others = tree::entries(root).map(|(key, _)| key).filter(|key| !read.contains(key));
        let others = others.collect::<Vec<_>>().join(", ");
        if !others.is_empty() {
            self.left(&others, "of that program alone");
        }
    }

    /// How often lists are fetched that have an address.
    pub(super) fn update(&mut self, time: &str, what: &str) {
        let yaml = format!("- name: x\n  url: https://x.example/\n  update: {}", scalar(time));
        if let Err(why) = self.accepts("lists", &yaml) {
            return self.left(what, &why);
        }
        let fetched = |list: &&mut Source| matches!(list.from, From::Catalogue | From::Url(_));
        self.lists.iter_mut().filter(fetched).for_each(|list| list.update = Some(time.to_owned()));
        self.took(what);
    }

    /// Subscribes to the list at `address`, a URL or a path.
    pub(super) fn subscribe(&mut self, address: &str, name: &str, allow: bool, whom: Whom) {
        let what = format!("list {address}");
        if whom.is_empty() {
            return self.left(&what, "it counts for nobody there");
        }
        let path = address.strip_prefix("file://").filter(|path| path.starts_with('/'));
        let address = path.unwrap_or(address);
        let entry = catalogue::lists().iter().find(|entry| entry.url == address && !allow);
        let from = if entry.is_some() {
            From::Catalogue
        } else if address.contains("://") {
            let yaml = format!("- name: x\n  url: {}", scalar(address));
            if let Err(why) = self.accepts("lists", &yaml) {
                return self.left(&what, &why);
            }
            From::Url(address.to_owned())
        } else {
            From::File(address.to_owned())
        };
        let name = entry.map_or(name, |entry| entry.name.as_str());
        let same = |list: &&mut Source| {
            let named = from != From::Catalogue || list.name == name;
            list.from == from && list.allow == allow && named
        };
        if let Some(known) = self.lists.iter_mut().find(same) {
            known.whom.extend(whom);
            return;
        }
        if self.lists.len() >= MAX_LISTS {
            return self.left(&what, &format!("{MAX_LISTS} lists are the most"));
        }
        let name = if entry.is_some() { name.to_owned() } else { self.list_name(name, address) };
        self.lists.push(Source { name, from, allow, update: None, whom });
        self.took(&what);
    }

    /// Adds rules of the owner's, as Adblock-style lists have them.
    pub(super) fn own(&mut self, name: &str, rules: Vec<String>, whom: Whom) {
        if rules.is_empty() || whom.is_empty() {
            return;
        }
        let same = |list: &&mut Source| list.name == name && list.whom == whom;
        if let Some(Source { from: From::Own(known), .. }) = self.lists.iter_mut().find(same) {
            return known.extend(rules);
        }
        if self.lists.len() >= MAX_LISTS {
            return self.left(name, &format!("{MAX_LISTS} lists are the most"));
        }
        let name = self.list_name(name, name);
        self.lists.push(Source { name, from: From::Own(rules), allow: false, update: None, whom });
    }

    /// A name for a list that no other has: `name`, or else what can be made of its address.
    fn list_name(&self, name: &str, address: &str) -> String {
        let clean = |text: &str| {
            let text: String = text.chars().filter(|char| !char.is_control()).take(60).collect();
            text.trim().to_owned()
        };
        let mut name = clean(name);
        if name.is_empty() {
            let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
            let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
            let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("");
            name = clean(if bare.chars().count() <= 60 { bare } else { host });
            if bare.chars().count() > 60 && !last.is_empty() {
                name = clean(&format!("{host} {last}"));
            }
        }
        if name.is_empty() || name.to_lowercase().starts_with("builtin") {
            name = clean(&format!("list {name}"));
        }
        let catalogued = |name: &str| catalogue::url(name).is_some();
        unique(&name, |name| catalogued(name) || self.lists.iter().any(|list| list.name == name))
    }
}

/// What our reader says is wrong, without the place in a text that nobody wrote.
fn reason(key: &str, error: &ConfigError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or("");
    let mut rest = line;
    // `key:1:1: key: why`, and `key[0].name: why` within an item.
    while let Some((before, after)) = rest.split_once(": ") {
        if !before.starts_with(key) || before.contains(' ') {
            break;
        }
        rest = after;
    }
    rest.to_owned()
}
