//! The machine of the measurement, and the versions.

use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Default, Serialize, Deserialize)]
pub struct About {
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    pub rustc: String,
    pub profile: String,
    /// Names and versions, ours first.
    pub crates: Vec<(String, String)>,
}

impl About {
    /// Reads versions from the output of `cargo metadata`.
    pub fn new(metadata: &Value) -> Self {
        let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            date: said("date", &["-u", "+%F"]),
            processor: model
                .map_or("unknown", |(_, model)| model.trim())
                .to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: said("uname", &["-srm"]),
            rustc: said("rustc", &["--version"]),
            profile: profile(),
            crates: crates(metadata),
        }
    }
}

/// Returns the first line that a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// Returns the manifest's additions to the release profile.
fn profile() -> String {
    let manifest = include_str!("../../../Cargo.toml");
    let changes = manifest
        .split_once("[profile.release]")
        .map_or("", |(_, rest)| rest);
    let changes: Vec<_> = changes
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with('['))
        .collect();
    let changes: Vec<_> = changes
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    ["release".to_owned()]
        .into_iter()
        .chain(changes.into_iter().map(str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns the dependencies that the benches' manifest names: our crates, crates of others, and
/// their servers.
fn crates(metadata: &Value) -> Vec<(String, String)> {
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let root = &metadata["resolve"]["root"];
    let node = array(&metadata["resolve"]["nodes"])
        .into_iter()
        .find(|node| node["id"] == *root);
    let needed: Vec<Value> = node
        .map(|node| array(&node["dependencies"]))
        .unwrap_or_default();
    let packages = array(&metadata["packages"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named = packages
        .iter()
        .filter(|package| needed.contains(&package["id"]));
    // Without our crates that only help with tests.
    let published = named.filter(|package| {
        package["source"].is_string() || text(&package["name"]).starts_with("session-")
    });
    let mut crates: Vec<_> = published
        .map(|package| (text(&package["name"]), text(&package["version"])))
        .collect();
    crates.sort_by_key(|(name, _)| (!name.starts_with("session-"), name.clone()));
    crates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_are_those_that_the_manifest_names() {
        let metadata = serde_json::json!({
            "packages": [
                { "id": "1", "name": "benches", "version": "0.0.0", "source": null },
                { "id": "2", "name": "axum", "version": "0.8.1", "source": "registry" },
                { "id": "3", "name": "session-core", "version": "0.1.0", "source": null },
                { "id": "4", "name": "memchr", "version": "2.7.0", "source": "registry" },
                { "id": "5", "name": "servers", "version": "0.1.0", "source": null },
            ],
            "resolve": { "root": "1", "nodes": [{ "id": "1", "dependencies": ["2", "3", "5"] }] },
        });
        let names = crates(&metadata)
            .into_iter()
            .map(|(name, version)| format!("{name} {version}"));
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["session-core 0.1.0", "axum 0.8.1"]
        );
    }

    #[test]
    fn the_profile_is_the_manifest_s() {
        assert!(profile().starts_with("release, lto = "));
    }
}
