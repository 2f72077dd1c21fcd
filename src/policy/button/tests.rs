use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SET: u64 = 1_800_000_000;

fn at(steady: u64, wall: u64) -> Moment {
    let (steady, wall) = (Duration::from_secs(steady), Duration::from_secs(wall));
    Moment { steady, wall, wall_is_set: wall.as_secs() >= SET }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn a_device_beats_the_house_until_its_pause_is_over() {
    let mut button = Button::default();
    button.press(Some("tv"), Press::Pause(minutes(5)), at(0, SET));
    assert!(button.is_off("tv") && !button.is_off("phone"));
    button.press(None, Press::Off, at(10, SET + 10));
    button.press(Some("phone"), Press::On, at(10, SET + 10));
    assert!(button.is_off("tv") && !button.is_off("phone") && button.is_off("pad"));
    assert!(button.look(at(300, SET + 300)));
    assert_eq!(button.devices().count(), 1, "what is over is no setting any more");
    button.press(None, Press::On, at(301, SET + 301));
    assert!(!button.is_off("tv"));
}

#[test]
fn a_restart_keeps_the_end() {
    let mut button = Button::default();
    button.press(None, Press::Pause(minutes(10)), at(1_000, SET));
    let kept = serde_json::to_string(&button).unwrap();
    let restored = |now| serde_json::from_str::<Button>(&kept).unwrap().restored(now);
    // Four minutes later, on a machine that has started anew.
    let mut button = restored(at(5, SET + 240));
    assert_eq!(button.house().left(at(5, SET + 240)), Some(minutes(6)));
    assert!(!button.look(at(364, SET + 599)) && button.is_off("x"));
    assert!(button.look(at(365, SET + 600)) && !button.is_off("x"));
    assert!(!restored(at(5, SET + 600)).is_off("x"), "over while it was stopped");
}

#[test]
fn a_clock_that_is_not_set_neither_lifts_nor_extends() {
    let mut button = Button::default();
    button.press(None, Press::Pause(minutes(10)), at(1_000, SET));
    let kept = serde_json::to_string(&button).unwrap();
    let restored = |now| serde_json::from_str::<Button>(&kept).unwrap().restored(now);
    // A Raspberry Pi starts in 1970, and is told the time a minute later.
    let mut button = restored(at(5, 0));
    assert!(button.is_off("x"));
    assert!(!button.look(at(65, SET + 200)), "nothing new to keep");
    assert_eq!(button.house().left(at(65, SET + 200)), Some(Duration::from_secs(400)));
    let mut button = restored(at(5, 0));
    assert!(button.look(at(65, SET + 700)) && !button.is_off("x"), "it was over meanwhile");
    // One that is never told pauses for as long as there was left.
    let mut button = restored(at(5, 0));
    assert!(!button.look(at(604, 599)) && button.is_off("x"));
    assert!(button.look(at(605, 600)) && !button.is_off("x"));
}

#[test]
fn a_clock_that_is_set_while_a_pause_runs_does_not_matter() {
    let mut button = Button::default();
    button.press(None, Press::Pause(minutes(10)), at(30, 30));
    for (steady, wall) in [(40, SET), (50, SET + 99_999), (60, SET - 99_999)] {
        button.look(at(steady, wall));
        assert_eq!(button.house().left(at(steady, wall)), Some(Duration::from_secs(630 - steady)));
    }
    // What is kept now has the end that the right clock will show.
    button.look(at(70, SET));
    let kept = serde_json::to_string(&button).unwrap();
    let again: Button = serde_json::from_str(&kept).unwrap();
    let again = again.restored(at(1, SET + 60));
    assert_eq!(again.house().left(at(1, SET + 60)), Some(Duration::from_secs(500)));
}

/// What may happen.
#[derive(Debug, Clone)]
enum Event {
    Press(Option<u8>, Press),
    Wait(u64),
    SetClock(u64),
    Restart(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let press = prop_oneof![
        Just(Press::On),
        Just(Press::Off),
        Just(Press::Follow),
        (1_u64..5_000).prop_map(|seconds| Press::Pause(Duration::from_secs(seconds))),
    ];
    prop_oneof![
        4 => (proptest::option::of(0_u8..3), press).prop_map(|(who, press)| Event::Press(who, press)),
        4 => (0_u64..4_000).prop_map(Event::Wait),
        1 => (SET..2 * SET).prop_map(Event::SetClock),
        2 => (0_u64..4_000).prop_map(Event::Restart),
    ]
}

/// A setting as somebody with a good watch would note it: none for no end.
type Noted = Option<(bool, Option<u64>)>;

proptest! {
    /// By a watch of one's own, which goes on over restarts and knows nothing of the clock on the
    /// wall. Clocks are right when the machine starts.
    #[test]
    fn it_is_as_by_a_good_watch(events in vec(event(), 1..40)) {
        let (mut watch, mut booted, mut wall) = (0_u64, 0_u64, SET);
        let mut noted: [Noted; 4] = [None; 4];
        let mut button = Button::default().restored(at(0, wall));
        for event in events {
            let now = |watch: u64, booted: u64, wall: u64| at(watch - booted, wall);
            match event {
                Event::Press(who, press) => {
                    let device = who.map(|who| who.to_string());
                    button.press(device.as_deref(), press, now(watch, booted, wall));
                    noted[who.map_or(3, usize::from)] = match press {
                        Press::On => Some((false, None)),
                        Press::Off => Some((true, None)),
                        Press::Pause(time) => Some((true, Some(watch + time.as_secs()))),
                        Press::Follow => None,
                    };
                }
                Event::Wait(seconds) => {
                    watch += seconds;
                    wall += seconds;
                }
                Event::SetClock(to) => {
                    // A pause of before the last start ends by the clock on the wall, whatever it
                    // is set to: no watch of one's own tells when.
                    if button.states().any(|state| matches!(state, State::Paused(p) if p.kept)) {
                        return Ok(());
                    }
                    wall = to;
                    button.look(now(watch, booted, wall));
                }
                Event::Restart(seconds) => {
                    button.look(now(watch, booted, wall));
                    let kept = serde_json::to_string(&button).unwrap();
                    watch += seconds;
                    wall += seconds;
                    booted = watch;
                    button = serde_json::from_str::<Button>(&kept).unwrap().restored(at(0, wall));
                }
            }
            button.look(now(watch, booted, wall));
            for setting in &mut noted {
                if matches!(setting, Some((_, Some(end))) if *end <= watch) {
                    *setting = None;
                }
            }
            for who in 0..3 {
                let expected = noted[who].or(noted[3]).is_some_and(|(off, _)| off);
                prop_assert_eq!(button.is_off(&who.to_string()), expected, "device {}", who);
            }
        }
    }
}
