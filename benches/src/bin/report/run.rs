//! Builds the benchmarks, and runs each of them once per round.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use benches::payload::SIZES;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::data::Cell;

/// The programs, built.
pub struct Programs {
    /// Name and path of each benchmark.
    pub benches: Vec<(String, PathBuf)>,
    pub allocations: PathBuf,
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

/// Returns the output of `cargo metadata`.
pub fn metadata() -> Value {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .stderr(Stdio::inherit())
        .output();
    serde_json::from_slice(&output.unwrap().stdout).expect("cargo metadata")
}

/// Builds all benchmarks, and with them all programs.
pub fn build() -> Programs {
    let output = cargo()
        .args([
            "bench",
            "--no-run",
            "--message-format=json-render-diagnostics",
        ])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo bench --no-run: {}",
        output.status
    );
    programs(&String::from_utf8(output.stdout).unwrap())
}

fn programs(messages: &str) -> Programs {
    let messages = messages
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut built = messages.filter_map(|message| {
        let target = &message["target"];
        let path = PathBuf::from(message["executable"].as_str()?);
        Some((
            target["kind"][0].as_str()?.to_owned(),
            target["name"].as_str()?.to_owned(),
            path,
        ))
    });
    let built: Vec<_> = built.by_ref().collect();
    let allocations = built
        .iter()
        .find(|(kind, name, _)| kind == "bin" && name == "allocations");
    let allocations = allocations
        .expect("cargo builds programs along with benchmarks")
        .2
        .clone();
    let mut benches: Vec<_> = built
        .into_iter()
        .filter(|(kind, ..)| kind == "bench")
        .collect();
    benches.sort();
    Programs {
        benches: benches
            .into_iter()
            .map(|(_, name, path)| (name, path))
            .collect(),
        allocations,
    }
}

/// Runs every benchmark once. A filter is a part of `group/who/column`.
pub fn round(programs: &Programs, filter: Option<&str>, say: &dyn Fn(&str)) -> Vec<Cell<f64>> {
    let measure = |(name, path): &(String, PathBuf)| {
        say(name);
        read(Command::new(path).arg("--turns").args(filter))
    };
    programs.benches.iter().flat_map(measure).collect()
}

/// Returns the cells that one of our programs prints.
fn read<T: DeserializeOwned>(program: &mut Command) -> Vec<Cell<T>> {
    let output = program
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{program:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("cells as JSON")
}

/// Measures Flask itself, if a Python has it, as tables of its own.
pub fn flask() -> Vec<Cell<f64>> {
    let mut cells = Vec::new();
    for size in SIZES {
        let Some(flask) = benches::flask::measure(size) else {
            break;
        };
        for (group, time) in [("flask: read", flask.read), ("flask: write", flask.write)] {
            for (who, count) in [("bare", flask.bare), ("Flask", time)] {
                cells.push(Cell {
                    group: group.into(),
                    who: who.into(),
                    column: size,
                    count,
                });
            }
        }
    }
    cells
}

/// Measures the peers that need programs of their own, for the tables that match the filter.
pub fn sqlx(filter: Option<&str>) -> Vec<Cell<f64>> {
    let wanted = |group: &str| filter.is_none_or(|filter| group.contains(filter));
    if ![
        "sqlite: read",
        "sqlite: write",
        "postgres: read",
        "postgres: write",
    ]
    .into_iter()
    .any(wanted)
    {
        return Vec::new();
    }
    let measured = benches::stores::sqlx::measure()
        .into_iter()
        .filter(|one| wanted(&one.group));
    measured
        .map(|one| Cell {
            group: one.group,
            who: one.who,
            column: one.column,
            count: one.nanoseconds,
        })
        .collect()
}

/// Returns the counts of `allocations`.
pub fn allocations(programs: &Programs) -> Vec<Cell<u64>> {
    read(&mut Command::new(&programs.allocations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn programs_are_found_in_what_cargo_says() {
        let message = |kind: &str, name: &str, path: Option<&str>| {
            json!({ "target": { "kind": [kind], "name": name }, "executable": path }).to_string()
                + "\n"
        };
        let messages = message("lib", "x", None)
            + r#"{"reason":"build-finished","success":true}"#
            + "\n"
            + &message("bench", "stores", Some("/b"))
            + &message("bin", "allocations", Some("/c"))
            + &message("bench", "core", Some("/a"));
        let programs = programs(&messages);
        assert_eq!(
            programs.benches,
            [("core".into(), "/a".into()), ("stores".into(), "/b".into())]
        );
        assert_eq!(programs.allocations, Path::new("/c"));
    }
}
