//! Any text as `trackless.yaml`: a mistake that can be told, or settings that survive being
//! written down.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trackless::config::Config;

fuzz_target!(|text: &str| {
    match Config::from_yaml(text, "trackless.yaml") {
        Ok(config) => {
            let yaml = config.to_yaml();
            let again = Config::from_yaml(&yaml, "trackless.yaml");
            assert_eq!(again.as_ref().ok(), Some(&config), "{yaml}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
