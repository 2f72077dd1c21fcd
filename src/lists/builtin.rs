//! The lists that come along, as rules.

use crate::catalogue;
use crate::filter::{ListRule, Reply, Scope, Terms, Tier};
use crate::policy::Builtin;
use crate::trackers::Domain;
use crate::wire::Name;

/// Gives every rule of a builtin list to `each`. What comes along is tested, so that a text that is
/// no name is only passed over.
pub(super) fn rules(list: Builtin, domains: &[Domain], mut each: impl FnMut(&ListRule<'_>)) {
    let mut name = Name::default();
    let mut tree = |text: &str| {
        if name.read_text(text.as_bytes()).is_ok() {
            each(&ListRule::of_name(&name, Scope::Tree, Tier::Block));
        }
    };
    match list {
        Builtin::Level(level) => {
            for domain in domains.iter().filter(|domain| domain.level == Some(level)) {
                tree(&domain.name);
            }
        }
        Builtin::Signals => catalogue::signals().for_each(&mut tree),
        Builtin::Resolvers => catalogue::resolvers().for_each(&mut tree),
        Builtin::SafeSearch => safe(false, each),
        Builtin::SafeFilms => safe(true, each),
    }
}

fn safe(films: bool, mut each: impl FnMut(&ListRule<'_>)) {
    let mut name = Name::default();
    for engine in catalogue::engines().iter().filter(|engine| engine.is_video() == films) {
        let reply = Some(Reply::Cname(engine.target.clone()));
        let terms = Terms { reply, ..Terms::default() };
        for text in &engine.names {
            if name.read_text(text.as_bytes()).is_ok() {
                let plain = ListRule::of_name(&name, Scope::Name, Tier::Block);
                each(&ListRule { terms: Some(&terms), ..plain });
            }
        }
    }
}
