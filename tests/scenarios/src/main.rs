//! Runs the scenarios against servers at any address.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a command line program"
)]

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;

use scenarios::hop::Hop;
use scenarios::suite::{Mode, Nature, Target, run};

const HELP: &str = "\
Tests servers with the tour's routes against the tour's behaviour.

Usage: scenarios [OPTIONS] URL...

Runs every scenario against each server. With --flask and several servers, one client also hops between all of them
at random; they must share one SECRET_KEY. The exit status is 0 if no scenario failed.

Options:
  --flask            The sessions are cookies in Flask's format
  --store memory     The sessions are on the server. By default they are signed cookies in the library's own format
  --drops-odd-bytes  The framework drops a Cookie header that is not UTF-8
  --hop-only         With --flask: only the hop. The first server may be Flask itself
  --seed NUMBER      The seed of the hop; 1 by default
  --help             Show this text

tests/scenarios/src/suite/routes.rs lists the routes and their answers. The suite expects the defaults of the mode: the
cookie's name, attributes and lifetimes.
";

struct Options {
    mode: Mode,
    drops: bool,
    hop_only: bool,
    seed: u64,
    servers: Vec<(String, SocketAddr)>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        mode: Mode::Ours,
        drops: false,
        hop_only: false,
        seed: 1,
        servers: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--help" | "-h" => return Ok(None),
            "--flask" => options.mode = Mode::Flask,
            "--drops-odd-bytes" => options.drops = true,
            "--hop-only" => options.hop_only = true,
            "--store" => match arguments.next().as_deref() {
                Some("memory") => options.mode = Mode::Stored,
                Some("cookie") => {}
                other => {
                    return Err(format!(
                        "--store expects cookie or memory, but got {other:?}."
                    ));
                }
            },
            "--seed" => {
                let seed = arguments.next().and_then(|seed| seed.parse().ok());
                options.seed = seed.ok_or("--seed expects a number.")?;
            }
            option if option.starts_with('-') => {
                return Err(format!(
                    "Unknown option '{option}'. The options are listed by --help."
                ));
            }
            url => {
                let host = url
                    .strip_prefix("http://")
                    .unwrap_or(url)
                    .trim_end_matches('/');
                let address = host
                    .to_socket_addrs()
                    .ok()
                    .and_then(|mut addresses| addresses.next());
                let expected =
                    format!("Expected http://HOST:PORT, without a path, but got '{url}'.");
                options
                    .servers
                    .push((url.to_owned(), address.ok_or(expected)?));
            }
        }
    }
    if options.servers.is_empty() {
        return Err("Expected the URL of a server. See --help.".to_owned());
    }
    if options.hop_only && (options.mode != Mode::Flask || options.servers.len() < 2) {
        return Err("--hop-only expects --flask and two servers or more.".to_owned());
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for (name, address) in options.servers.iter().filter(|_| !options.hop_only) {
        let nature = Nature {
            drops_what_is_no_text: options.drops,
            ..Nature::of(*address)
        };
        let report = run(&Target {
            name: name.clone(),
            address: *address,
            mode: options.mode,
            nature,
        });
        println!("{report}");
        failed |= !report.failed.is_empty();
    }
    if options.mode == Mode::Flask && options.servers.len() > 1 {
        let hop = Hop {
            servers: options.servers,
            same_vary: true,
        };
        // A difference panics with its place.
        match std::panic::catch_unwind(|| hop.run(options.seed, 2_000)) {
            Ok(compared) => println!("2,000 steps, seed {}: {compared:?}", options.seed),
            Err(_) => failed = true,
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
