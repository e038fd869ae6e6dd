//! Writes RESULTS.md.

use crate::about::About;
use crate::cookies::Lengths;
use crate::data::Report;
use crate::format::{table, whole};
use crate::{goals, http, plots, tables};

const HEAD: &str = "# Costs of sessions\n
`cargo measure` wrote this page; no number was typed. [README.md](README.md) explains how to run it.\n\n";

const HOW: &str = "## How to read it

- **Compare within a table.** Its rows are measured in turns of a millisecond (stores: 25); a row's value is the mean of its turns
  without the slowest tenth. All tables are measured once per round. So a machine that slows down for a while, even for a tenth of
  a second, affects all rows alike. Flask, and the peers over sqlx or HTTP, are programs of their own, measured in sequence.
- **A ratio** is computed from two times of one round, and the page has the median over the rounds. So is a time that is a
  difference (\"less bare\"). A slow phase that lasts longer than a turn cancels out, and a disturbance of one row in one round is an
  outlier that the median drops. Below each table is the spread of its ratios.
- **A time** is the minimum of all rounds: other programs on the machine only add to it. So the quotient of two times is not exactly
  the ratio beside them; the ratio is the better number. Times drift from one run to the next.
- **Allocations** are counted in a run of their own, after a warm-up. If a row has a range, they depend on the column.
- By default a session has 98 bytes of JSON, and the request has two more cookies.
- A goal **holds** if its median does; the last column is the number of rounds in which it did.

";

const HTTP: &str = "Over loopback HTTP: the server on one core, wrk with 32 connections on another. The columns are requests per second as a share of \
                    the framework's bare application in the same round; requests per processor time of the server as such a share, which \
                    other programs disturb less; and in parentheses requests per second.";

/// Each part of the results: its groups, its heading, and the subject of its tables.
const PARTS: [(&str, &str); 4] = [
    (
        "Without a framework",
        "The core alone. The *floor* is the core's work written by hand for this one cookie: find it, check \
      the HMAC and the times, decode, find the one value, and, for a write, replace the value and sign. It has no types, no \
      second format and no errors. *Bare block function* is the floor on top of the hash's block function, without the `hmac` crate.",
    ),
    (
        "In frameworks",
        "Requests through the application in this process, without a socket. *Bare* is the application \
      without sessions. The additional time of another row is the cost of its sessions, however the library is attached, so peers \
      are compared with ours *less bare*: actix-web's with ours in axum, Flask (through its WSGI callable) with the core's Flask \
      mode. An *empty* layer or fairing does nothing: less that, only a library's own work remains. *By hand* there is no layer, and \
      the handler itself does the floor's work, or opens and closes our core's session.",
    ),
    (
        "Other libraries, without a framework",
        "The work on one cookie, done with other libraries.",
    ),
    (
        "Stores",
        "Sessions on the server, through the core and a store. *Raw* runs the store's statements or commands by the store's client \
      library, without sessions. A time is that of one operation: with several in flight, their total time \
      divided by their number.",
    ),
];

fn part(report: &Report, group: &str) -> usize {
    if group.starts_with("core: ") {
        0
    } else if tables::is_framework(report, group) {
        1
    } else if tables::is_store(group) {
        3
    } else {
        2
    }
}

/// Returns the whole text.
pub fn results(report: &Report) -> String {
    let mut text = HEAD.to_owned();
    text += &about(&report.about, report.rounds.len());
    text += HOW;
    text += "## Goals\n\n";
    text += &goals::text(&goals::goals(report));
    text += &parts(report, true);
    text += "\n## Bytes on the wire\n\nBytes of `name=value`, which each request carries; in parentheses those of Set-Cookie's value.\n\n";
    text += &cookies(&report.cookies);
    text
}

/// Returns the tables alone, with their plots if these are written too.
pub fn parts(report: &Report, plots: bool) -> String {
    let groups = report.groups();
    let mut text = String::new();
    for (number, (heading, about)) in PARTS.iter().enumerate() {
        let groups: Vec<_> = groups
            .iter()
            .filter(|group| part(report, group) == number)
            .collect();
        if groups.is_empty() {
            continue;
        }
        text += &format!("\n## {heading}\n\n{about}\n");
        for group in groups {
            text += &format!("\n{}", tables::group(report, group));
            if let Some(image) = plots::image(report, group).filter(|_| plots) {
                text += &format!("\n{image}");
            }
        }
    }
    if !report.http.is_empty() {
        text += &format!(
            "\n## Whole servers\n\n{HTTP}\n\n{}",
            http::text(&report.http)
        );
    }
    text
}

fn about(about: &About, rounds: usize) -> String {
    let crates: Vec<_> = about
        .crates
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        "{}, {rounds} rounds. {}, {} cores; {}; {}; profile {}.\n\nOf {}.\n\n",
        about.date,
        about.processor,
        about.cores,
        about.kernel,
        about.rustc,
        about.profile,
        crates.join(", ")
    )
}

fn cookies(lengths: &[Lengths]) -> String {
    let mut sizes: Vec<usize> = lengths.iter().map(|lengths| lengths.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut heads = vec!["JSON".to_owned()];
    heads.extend(
        sizes
            .iter()
            .map(|size| format!("{} B", whole(*size as f64))),
    );
    let mut rows: Vec<Vec<String>> = Vec::new();
    for Lengths {
        who,
        cookie,
        set_cookie,
        ..
    } in lengths
    {
        let cell = format!("{} ({})", whole(*cookie as f64), whole(*set_cookie as f64));
        match rows.iter_mut().find(|row| row[0] == *who) {
            Some(row) => row.push(cell),
            None => rows.push(vec![who.clone(), cell]),
        }
    }
    table(&heads, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::report;

    #[test]
    fn every_group_has_its_place() {
        let mut report = report(&[
            ("core: open, get", "floor", 50, &[200.0]),
            ("axum: read", "bare", 98, &[500.0]),
            ("hyper: read", "bare", 98, &[100.0]),
            ("library: read", "ours", 98, &[300.0]),
            ("library: read", "peer", 98, &[600.0]),
            ("sqlite: read", "raw", 1, &[2_000.0]),
        ]);
        report.cookies = crate::cookies::lengths();
        let text = results(&report);
        let headings: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(
            headings,
            [
                "# Costs of sessions",
                "## How to read it",
                "## Goals",
                "## Without a framework",
                "### core: open, get",
                "## In frameworks",
                "### axum: read",
                "### hyper: read",
                "## Other libraries, without a framework",
                "### library: read",
                "## Stores",
                "### sqlite: read",
                "## Bytes on the wire",
            ]
        );
        assert!(text.contains("| peer | **2.00** (600 ns) |"), "{text}");
        assert!(text.contains("| ours, Flask mode | "), "{text}");
    }
}
