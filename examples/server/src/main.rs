use std::error::Error;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use oob_mfa_server::cli::{Cli, LogFormat, Task, read_and_hash, report};
use oob_mfa_server::config::{Config, ConfigError};

/// The exit code for a mistake in the flags or the configuration, the same as clap's.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_standard_error(cli.flags.log);
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            match error.downcast_ref::<ConfigError>() {
                Some(_) => ExitCode::from(MISUSED),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn execute(Cli { command, flags }: Cli) -> Result<(), Box<dyn Error>> {
    let config = flags.config()?;
    match command {
        Some(Task::HashPassword) => println!("{}", read_and_hash(&config)?),
        Some(Task::NewKeys) => print!("{}", *oob_mfa_server::keys::fresh()?),
        Some(Task::CheckConfig) => {
            print!("{}", report(&flags, &config, flags.operators()?.as_ref()));
        }
        None => {
            let operators = flags.operators()?;
            if flags.config.is_none() {
                eprintln!("{}", Config::DEMONSTRATION_NOTICE);
            }
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(oob_mfa_server::run(flags, config, operators))?;
        }
    }
    Ok(())
}

fn log_to_standard_error(format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false);
    match format {
        LogFormat::Text => log.fmt_fields(oob_mfa_server::log::fields()).init(),
        LogFormat::Json => log.json().init(),
    }
}
