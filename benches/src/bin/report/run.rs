//! Measuring: builds the benchmarks, runs each of them once a round, and reads what criterion wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use benches::payload::SIZES;
use serde_json::Value;

use crate::data::Cell;

/// The programs that were built.
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

/// What `cargo metadata` says.
pub fn metadata() -> Value {
    let output =
        cargo().args(["metadata", "--format-version", "1", "--locked"]).stderr(Stdio::inherit()).output();
    serde_json::from_slice(&output.unwrap().stdout).expect("cargo metadata")
}

/// Builds all benchmarks, and with them all programs.
pub fn build() -> Programs {
    let output = cargo()
        .args(["bench", "--no-run", "--message-format=json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo bench --no-run: {}", output.status);
    programs(&String::from_utf8(output.stdout).unwrap())
}

fn programs(messages: &str) -> Programs {
    let messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut built = messages.filter_map(|message| {
        let target = &message["target"];
        let path = PathBuf::from(message["executable"].as_str()?);
        Some((target["kind"][0].as_str()?.to_owned(), target["name"].as_str()?.to_owned(), path))
    });
    let built: Vec<_> = built.by_ref().collect();
    let allocations = built.iter().find(|(kind, name, _)| kind == "bin" && name == "allocations");
    let allocations = allocations.expect("cargo builds programs along with benchmarks").2.clone();
    let mut benches: Vec<_> = built.into_iter().filter(|(kind, ..)| kind == "bench").collect();
    benches.sort();
    Programs { benches: benches.into_iter().map(|(_, name, path)| (name, path)).collect(), allocations }
}

/// Every benchmark once; criterion writes into this folder. A filter is a regular expression on `group/who/column`.
pub fn round(programs: &Programs, folder: &Path, filter: Option<&str>, say: &dyn Fn(&str)) -> Vec<Cell<f64>> {
    // What lies there is of an earlier round.
    let _ = fs::remove_dir_all(folder);
    for (name, path) in &programs.benches {
        say(name);
        let mut bench = Command::new(path);
        bench.args(["--bench", "--noplot", "--quiet"]).args(filter).env("CRITERION_HOME", folder);
        let output = bench.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {}\n{said}", output.status);
        // Criterion says what it is doing; of interest is only what a benchmark leaves out.
        said.lines().filter(|line| line.starts_with("LEFT OUT")).for_each(|line| eprintln!("{line}"));
    }
    let mut found = Vec::new();
    collect(folder, &mut found);
    // Criterion writes a job's files as soon as it has measured it.
    found.sort_by_key(|(written, _)| *written);
    found.into_iter().map(|(_, cell)| cell).collect()
}

fn collect(folder: &Path, found: &mut Vec<(std::time::SystemTime, Cell<f64>)>) {
    let read = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).ok()?;
        Some(serde_json::from_str::<Value>(&text).expect("criterion's JSON"))
    };
    // Criterion has the last measurement in "new", and the same once more in "base".
    if folder.ends_with("new")
        && let Some((benchmark, estimates)) = read("benchmark.json").zip(read("estimates.json"))
    {
        let written = fs::metadata(folder.join("estimates.json")).and_then(|file| file.modified()).unwrap();
        found.push((written, cell(&benchmark, &estimates)));
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        }
    }
}

/// The median of one run, for one of its operations.
fn cell(benchmark: &Value, estimates: &Value) -> Cell<f64> {
    let text = |name: &str| benchmark[name].as_str().unwrap().to_owned();
    let operations = benchmark["throughput"]["Elements"].as_f64().unwrap_or(1.0);
    let median = estimates["median"]["point_estimate"].as_f64().unwrap();
    Cell {
        group: text("group_id"),
        who: text("function_id"),
        column: text("value_str").parse().unwrap(),
        count: median / operations,
    }
}

/// Flask itself, if a Python has it, as tables of its own.
pub fn flask() -> Vec<Cell<f64>> {
    let mut cells = Vec::new();
    for size in SIZES {
        let Some(flask) = benches::flask::measure(size) else { break };
        for (group, time) in [("flask: read", flask.read), ("flask: write", flask.write)] {
            for (who, count) in [("bare", flask.bare), ("Flask", time)] {
                cells.push(Cell { group: group.into(), who: who.into(), column: size, count });
            }
        }
    }
    cells
}

/// The peers that need programs of their own, of the tables that a filter is about.
pub fn sqlx(filter: Option<&str>) -> Vec<Cell<f64>> {
    let wanted = |group: &str| filter.is_none_or(|filter| group.contains(filter));
    if !["sqlite: read", "sqlite: write", "postgres: read", "postgres: write"].into_iter().any(wanted) {
        return Vec::new();
    }
    let measured = benches::stores::sqlx::measure().into_iter().filter(|one| wanted(&one.group));
    measured
        .map(|one| Cell { group: one.group, who: one.who, column: one.column, count: one.nanoseconds })
        .collect()
}

/// What `allocations` counted.
pub fn allocations(programs: &Programs) -> Vec<Cell<u64>> {
    let output = Command::new(&programs.allocations).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "allocations: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("allocations' JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn programs_are_found_in_what_cargo_says() {
        let message = |kind: &str, name: &str, path: Option<&str>| {
            json!({ "target": { "kind": [kind], "name": name }, "executable": path }).to_string() + "\n"
        };
        let messages = message("lib", "x", None)
            + r#"{"reason":"build-finished","success":true}"#
            + "\n"
            + &message("bench", "stores", Some("/b"))
            + &message("bin", "allocations", Some("/c"))
            + &message("bench", "core", Some("/a"));
        let programs = programs(&messages);
        assert_eq!(programs.benches, [("core".into(), "/a".into()), ("stores".into(), "/b".into())]);
        assert_eq!(programs.allocations, Path::new("/c"));
    }

    #[test]
    fn a_run_of_several_operations_is_divided() {
        let benchmark = json!({ "group_id": "sqlite: read", "function_id": "raw", "value_str": "32", "throughput": { "Elements": 32 } });
        let cell = cell(&benchmark, &json!({ "median": { "point_estimate": 6400.0 } }));
        assert_eq!(
            (cell.group.as_str(), cell.who.as_str(), cell.column, cell.count),
            ("sqlite: read", "raw", 32, 200.0)
        );
    }
}
