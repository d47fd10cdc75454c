//! The program; see `doorstep --help`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match doorstep::cli::main().await {
        Ok(code) => code,
        Err(error) => {
            // In words, with what is behind it; a person reads this, so no backtrace.
            eprintln!("doorstep: {error:#}");
            ExitCode::FAILURE
        }
    }
}
