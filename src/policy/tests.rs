use super::*;
use crate::clients::{Key, Seen};
use crate::config::{Bypass, KnownBy, List, SafeSearch, Slot};

const NOON: (u8, u16) = (0, 720);

fn policy(config: &Config, choices: &Choices, button: &Button, time: (u8, u16)) -> Policy {
    let facts = Facts::builtin().unwrap().0;
    Policy::new(config, choices, button, &facts, time, 100).unwrap()
}

fn lists(config: &Config) -> u64 {
    let policy = policy(config, &Choices::default(), &Button::default(), NOON);
    let directory = Directory::new(Key::random().unwrap(), 10);
    policy.held(DeviceId::OTHER, IpAddr::from([0, 0, 0, 0]), &directory).profile.lists
}

#[test]
fn a_level_includes_the_ones_before_it() {
    let list = List::named("own");
    let other = List::named("other");
    for (level, lists_given, mask) in [
        (Level::Relaxed, vec![], 0b1_001),
        (Level::Balanced, vec![], 0b1_011),
        (Level::Strict, vec![], 0b1_111),
        (Level::Balanced, vec![list, other], 0b1_1000_1011),
    ] {
        let config = Config { level, lists: lists_given, ..Config::default() };
        assert_eq!(lists(&config), mask);
    }
}

#[test]
fn choices_are_lists_and_services() {
    let config = Config {
        services: vec!["tiktok".to_owned()],
        bypass: Bypass::All,
        safe_search: SafeSearch::Search,
        ..Config::default()
    };
    assert_eq!(lists(&config), 0b011_1011);
    let policy = policy(&config, &Choices::default(), &Button::default(), NOON);
    let number = usize::from(crate::catalogue::service("tiktok").unwrap());
    for profile in &policy.profiles {
        assert_eq!(profile.services[number / 64], 1 << (number % 64), "on and off");
    }
    assert_eq!(policy.profiles[1].lists, 0b011_1000, "what is not about trackers stays");
}

/// Names of the profiles that hold for addresses, by a policy of three profiles.
#[test]
fn a_profile_holds_for_its_members_and_at_its_times() {
    let directory = Directory::new(Key::random().unwrap(), 10);
    let mut config = Config::default();
    let profile = |name: &str, members: Vec<Member>, schedule: &[&str]| config::Profile {
        name: name.to_owned(),
        members,
        schedule: schedule.iter().map(|text| text.parse::<Slot>().unwrap()).collect(),
        ..config::Profile::of_house(&Config::default())
    };
    let net = |text: &str| text.parse::<IpNet>().unwrap();
    config.profiles = vec![
        profile("guests", vec![Member::Network(net("192.0.2.0/24"))], &[]),
        profile(
            "kids",
            vec![Member::Tag("kid".to_owned()), Member::Network(net("192.0.2.16/28"))],
            &["mon-thu,sun 20:00-07:00 night"],
        ),
        profile("night", vec![], &[]),
        profile("tv", vec![Member::Device("television".to_owned())], &[]),
    ];
    let device = |name: &str, by: &str, tags: &[&str]| config::Device {
        name: name.to_owned(),
        known_by: vec![KnownBy::Network(net(by))],
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    config.devices =
        vec![device("anna", "192.0.2.3/32", &["kid"]), device("television", "192.0.2.4/32", &[])];
    directory.owner_says(&config.devices, std::iter::empty());
    let mut seen = Seen::default();
    let mut holds = |last: u8, time, choices: &Choices| {
        let policy = policy(&config, choices, &Button::default(), time);
        let address = IpAddr::from([192, 0, if last == 0 { 1 } else { 2 }, last]);
        let device = seen.device(address, &directory, |_| {});
        policy.held(device, address, &directory).profile.name.to_string()
    };
    let none = Choices::default();
    assert_eq!(holds(0, NOON, &none), HOUSE);
    assert_eq!(holds(2, NOON, &none), "guests");
    assert_eq!(holds(17, NOON, &none), "kids");
    assert_eq!(holds(3, NOON, &none), "kids");
    assert_eq!(holds(3, (0, 1_260), &none), "night");
    assert_eq!(holds(3, (4, 1_260), &none), "kids");
    assert_eq!(holds(4, NOON, &none), "tv");
    let mut choices = Choices::default();
    choices.device("television").profile = Some("kids".to_owned());
    assert_eq!(holds(4, NOON, &choices), "kids");
}
