//! Starts the command line.

fn main() -> std::process::ExitCode {
    trackless::cli::run()
}
