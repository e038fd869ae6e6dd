//! Whole servers over loopback HTTP.

use benches::wrk;
use serde::{Deserialize, Serialize};

use crate::format::{ratio, table, whole};

/// The time for which each application is measured in each round.
const SECONDS: u64 = 2;

/// The result of an application at a route.
#[derive(Serialize, Deserialize)]
pub struct Http {
    pub framework: String,
    pub who: String,
    pub route: String,
    /// Requests per second.
    pub requests: f64,
    /// The ratio to the framework's bare application.
    pub ratio: f64,
    /// The ratio of requests per processor time of the server.
    pub busy_ratio: f64,
}

/// Measures the applications, or returns `None` without wrk.
pub fn measure(rounds: usize) -> Vec<Http> {
    let rows = wrk::measure(rounds, SECONDS).into_iter().flatten();
    rows.map(|row| Http {
        framework: row.framework.to_owned(),
        who: row.who.to_owned(),
        route: row.route.to_owned(),
        requests: row.requests,
        ratio: row.ratio,
        busy_ratio: row.busy_ratio,
    })
    .collect()
}

/// Formats a row for each application, and a column for each route.
pub fn text(all: &[Http]) -> String {
    let mut heads = vec!["of bare".to_owned()];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for Http {
        framework,
        who,
        route,
        requests,
        ratio: share,
        busy_ratio,
    } in all
    {
        if !heads.contains(route) {
            heads.push(route.clone());
        }
        let name = format!("{framework}: {who}");
        let cell = format!(
            "**{}**, {} ({})",
            ratio(*share),
            ratio(*busy_ratio),
            whole(*requests)
        );
        match rows.iter_mut().find(|row| row[0] == name) {
            Some(row) => row.push(cell),
            None => rows.push(vec![name, cell]),
        }
    }
    table(&heads, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_a_row() {
        let http = |who: &str, route: &str, requests, ratio| Http {
            framework: "axum".into(),
            who: who.into(),
            route: route.into(),
            requests,
            ratio,
            busy_ratio: ratio + 0.01,
        };
        let all = [
            http("bare", "/read", 100_000.0, 1.0),
            http("ours", "/read", 96_000.0, 0.96),
            http("bare", "/write", 90_000.0, 1.0),
            http("ours", "/write", 81_000.0, 0.9),
        ];
        let expected = "| of bare | /read | /write |\n| --- | --: | --: |\n\
                        | axum: bare | **1.00**, 1.01 (100,000) | **1.00**, 1.01 (90,000) |\n\
                        | axum: ours | **0.96**, 0.97 (96,000) | **0.90**, 0.91 (81,000) |\n";
        assert_eq!(text(&all), expected);
    }
}
