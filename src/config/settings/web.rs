//! Settings of the dashboard: who may look, and who may press the button.

use crate::config::Config;
use crate::config::field::Field;
use crate::config::people::{HEADER, HOSTS, PEOPLE};
use crate::config::setting::{Setting, seconds};

pub(super) const SETTINGS: &[Setting<Config>] = &[
    Setting {
        key: "login.hosts",
        about: "names under which the dashboard is reached, beside addresses and this machine's",
        field: |config| Field::Texts(&mut config.login.hosts, &HOSTS),
    },
    Setting {
        key: "login.proxies",
        about: "proxies that say who logged in with them, and from where",
        field: |config| Field::AnyNetworks(&mut config.login.proxies),
    },
    Setting {
        key: "login.header",
        about: "where they say who",
        field: |config| Field::OneText(&mut config.login.header, &HEADER),
    },
    Setting {
        key: "login.owners",
        about: "of those, who may change everything",
        field: |config| Field::Texts(&mut config.login.owners, &PEOPLE),
    },
    Setting {
        key: "login.viewers",
        about: "of those, who may look",
        field: |config| Field::Texts(&mut config.login.viewers, &PEOPLE),
    },
    Setting {
        key: "button.open",
        about: "whether people may press it for the device they hold, without a login",
        field: |config| Field::Switch(&mut config.button.open),
    },
    Setting {
        key: "button.most",
        about: "how long it may be off then",
        field: |config| Field::Ttl(&mut config.button.most, seconds(60, 7 * 86_400)),
    },
];
