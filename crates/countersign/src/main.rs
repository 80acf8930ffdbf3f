//! Countersign: an SSH gateway that judges, holds for countersignature, and records. The binary owns the clock, the
//! configuration and the wiring; the library crates know none of them.

mod archive;
mod cli;
mod commands;
mod config;
mod control;
mod demo;
mod journal;
mod node;
mod notices;
mod policies;
mod recordings;
mod secrets;
mod state;
mod surroundings;
mod tls;
mod watch;

use std::os::fd::AsFd as _;
use std::process::ExitCode;

use access::model::Answer;
use anyhow::Result;

use cli::{Cli, Command, Decide, LedgerCommand};
use commands::decide::Approver;
use commands::replay::Show;
use commands::{
    admin, ceremony, decide, evidence, ledger, login, notify, pages, policy, replay, serve, sessions, totp,
};

fn main() -> ExitCode {
    let cli = Cli::read();
    start_logging();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(fault) => return tell(&fault.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(fault) => tell(&fault),
    }
}

fn tell(fault: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(fault) {
        // Whoever read our output has seen enough.
        return ExitCode::SUCCESS;
    }
    eprintln!("countersign: {fault:#}");
    ExitCode::FAILURE
}

fn is_broken_pipe(fault: &anyhow::Error) -> bool {
    let pipe = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    fault.chain().filter_map(|cause| cause.downcast_ref()).any(pipe)
}

/// Warnings and errors on standard error, more with `RUST_LOG`. The parser of PostgreSQL's grammar turns standard error
/// aside while it works, so the log has a duplicate of its own.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,russh=error"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    match std::io::stderr().as_fd().try_clone_to_owned() {
        Ok(own) => log.with_writer(std::sync::Mutex::new(std::fs::File::from(own))).init(),
        Err(_) => log.with_writer(std::io::stderr).init(),
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let config = cli.config.as_path();
    match cli.command {
        Command::Demo(options) => demo::demo(options).await,
        Command::Init(options) => ceremony::init(options).await,
        Command::Serve { before_ceremony } => serve::serve(config, before_ceremony).await,
        Command::Admin(command) => admin::admin(config, command).await,
        Command::Notify(command) => notify::notify(config, command).await,
        Command::Policy(command) => return policy::policy(config, command).await,
        Command::Sessions { limit, gateway } => match gateway.named() {
            Some(gateway) => return gateway.hand_over("sessions --all", false),
            None => sessions::sessions(config, limit).await,
        },
        Command::Replay(options) if options.gateway.named().is_some() => {
            return replay::at_gateway(&options);
        }
        Command::Replay(options) => {
            let show = Show {
                channel: options.channel,
                speed: options.speed,
                from: options.from,
                as_cast: options.asciicast,
            };
            replay::replay(config, &options.session, &show).await
        }
        Command::Ledger(LedgerCommand::Verify { dir, key, since }) => {
            ledger::verify(&dir, &key, since.as_deref())
        }
        Command::Approve(options) => sign(options, Answer::Approve),
        Command::Deny(options) => sign(options, Answer::Deny),
        Command::Login(options) => login::login(&options),
        Command::Evidence(options) => return evidence::evidence(options),
        Command::Desk(command) => return command.run(),
        Command::Completions { shell } => {
            pages::completions(shell);
            Ok(())
        }
        Command::Man { dir } => pages::man(&dir),
        Command::Totp { secret_file } => totp::totp(&secret_file),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn sign(options: Decide, answer: Answer) -> Result<()> {
    let Decide { request, gateway, key, yes } = options;
    decide::decide(request, answer, &Approver { gateway, key, yes })
}
