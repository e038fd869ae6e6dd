//! Checks that the suite notices faults: behind a proxy with one fault, the scenario of the
//! violated rule fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is all tests"
)]

mod proxy;

use std::net::SocketAddr;

use proxy::{Fault, named, proxy, replaced, without};
use scenarios::server::Tour;
use scenarios::suite::{Mode, Nature, Target, run};

fn failed(address: SocketAddr, mode: Mode) -> Vec<&'static str> {
    let nature = Nature {
        http2: false,
        ..Nature::HYPER
    };
    let report = run(&Target {
        name: "a proxy".to_owned(),
        address,
        mode,
        nature,
    });
    report.failed.iter().map(|(name, _)| *name).collect()
}

/// The proxy closes its connections; only the scenarios about connections notice that.
const ALWAYS: &str = "several people on one connection";

#[test]
fn every_fault_is_seen() {
    type Row = (&'static str, Mode, Fault, &'static str);
    let rows: &[Row] = &[
        (
            "no Vary",
            Mode::Ours,
            Fault::Response(|_, head| without(head, "vary")),
            "unchanged: no Set-Cookie",
        ),
        (
            "Vary where nobody asked",
            Mode::Flask,
            Fault::Response(|_, mut head| {
                head = without(head, "vary");
                head.push("vary: Cookie".to_owned());
                head
            }),
            "what is no route",
        ),
        (
            "a cache may keep the cookie",
            Mode::Ours,
            Fault::Response(|_, head| replaced(head, "cache-control", "no-store", "private")),
            "changed: one Set-Cookie",
        ),
        (
            "what was only read is public",
            Mode::Stored,
            Fault::Response(|_, head| replaced(head, "cache-control", "private", "public")),
            "each route, to somebody new",
        ),
        (
            "Cache-Control in Flask mode",
            Mode::Flask,
            Fault::Response(|_, mut head| {
                if named(&head, "cache-control").next().is_none() {
                    head.push("cache-control: private".to_owned());
                }
                head
            }),
            "each route, to somebody new",
        ),
        (
            "Set-Cookie twice",
            Mode::Ours,
            Fault::Response(|_, mut head| {
                let lines: Vec<_> = named(&head, "set-cookie")
                    .map(|index| head[index].clone())
                    .collect();
                head.extend(lines);
                head
            }),
            "changed: one Set-Cookie",
        ),
        (
            "an attribute less",
            Mode::Ours,
            Fault::Response(|_, head| replaced(head, "set-cookie", "; Secure", "")),
            "a session goes round",
        ),
        (
            "a removal with another path",
            Mode::Flask,
            Fault::Response(|_, head| {
                let is_removal = head.iter().any(|line| line.contains("1970"));
                if is_removal {
                    replaced(head, "set-cookie", "Path=/", "Path=/a")
                } else {
                    head
                }
            }),
            "emptied: the cookie is removed",
        ),
        (
            "a permanent cookie without its lifetime",
            Mode::Stored,
            Fault::Response(|_, head| replaced(head, "set-cookie", "; Max-Age=34560000", "")),
            "permanent, refreshed, and back",
        ),
        (
            "a failed page loses its change",
            Mode::Ours,
            Fault::Response(|_, head| {
                if head[0].contains("500") {
                    without(head, "set-cookie")
                } else {
                    head
                }
            }),
            "a handler's 500 keeps the change",
        ),
        (
            "a redirect loses its cookie",
            Mode::Flask,
            Fault::Response(|_, head| {
                if head[0].contains("303") {
                    without(head, "set-cookie")
                } else {
                    head
                }
            }),
            "redirects carry the cookie",
        ),
        (
            "HEAD loses its cookie",
            Mode::Ours,
            Fault::Response(|line, head| {
                if line.starts_with("HEAD") {
                    without(head, "set-cookie")
                } else {
                    head
                }
            }),
            "HEAD answers as GET, without a body",
        ),
        (
            "no refresh where nobody asked",
            Mode::Flask,
            Fault::Response(|line, head| {
                if line.contains("/untouched") {
                    without(head, "set-cookie")
                } else {
                    head
                }
            }),
            "permanent, refreshed, and back",
        ),
        (
            "only the first Cookie header is read",
            Mode::Ours,
            Fault::Request(|mut head| {
                if let Some(second) = { named(&head, "cookie").nth(1) } {
                    head.remove(second);
                }
                head
            }),
            "several Cookie headers",
        ),
        (
            "bytes that are no text hide the session",
            Mode::Stored,
            Fault::Request(|head| {
                if head.iter().all(|line| line.is_ascii()) {
                    head
                } else {
                    without(head, "cookie")
                }
            }),
            "beside bytes that are no text",
        ),
        (
            "the last cookie of several counts",
            Mode::Ours,
            Fault::Request(|mut head| {
                for index in named(&head.clone(), "cookie") {
                    let mut pairs: Vec<_> = head[index][8..].split("; ").collect();
                    pairs.reverse();
                    head[index] = format!("cookie: {}", pairs.join("; "));
                }
                head
            }),
            "several cookies in one header",
        ),
        (
            "a panic is a success",
            Mode::Stored,
            Fault::PanicsAreAnswered,
            "a panic leaves nothing half-written",
        ),
    ];
    for mode in [Mode::Ours, Mode::Flask, Mode::Stored] {
        let options: &[&str] = match mode {
            Mode::Ours => &[],
            Mode::Flask => &["--flask"],
            Mode::Stored => &["--store", "memory"],
        };
        let server = Tour::AXUM.serve("the SECRET_KEY of a tour behind a proxy", options);
        assert_eq!(
            failed(proxy(server.address, Fault::None), mode),
            [ALWAYS],
            "a proxy without a fault"
        );
        for (fault, _, change, scenario) in rows.iter().filter(|row| row.1 == mode) {
            let failed = failed(proxy(server.address, *change), mode);
            println!("{fault}: {failed:?}");
            assert!(
                failed.contains(scenario),
                "{fault}: {scenario:?} should have failed, but: {failed:?}"
            );
        }
    }
}
