//! `trackless config`: says what is wrong with a config, or what holds.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::Config;

/// Checks `file`: `FILE: ok` on standard output, or its mistakes on standard error, a line each,
/// and exit code 1.
pub fn check(file: &Path) -> ExitCode {
    match Config::read(file) {
        Ok(_) => print(&format!("{}: ok\n", file.display())),
        Err(error) => fail(&error),
    }
}

/// Prints the config of `file`, or the defaults, with every setting written out and explained.
/// Mistakes are told as by [`check`].
pub fn show(file: Option<&Path>) -> ExitCode {
    match file.map_or_else(|| Ok(Config::default()), Config::read) {
        Ok(config) => print(&config.to_yaml()),
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // A closed standard error leaves nobody to tell; the exit code still does.
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::FAILURE
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
