//! Checks the documents' statements about tests. `docs/security.md` has a row for every
//! requirement, and every test that it names exists. Every test that `docs/stores.md` names exists
//! too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The number of requirements of each letter.
const IDS: [(char, u32); 6] = [('T', 7), ('S', 11), ('C', 8), ('L', 11), ('H', 6), ('O', 3)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

fn is_id(cell: &str) -> bool {
    let (letter, number) = cell.split_at(cell.len().min(1));
    IDS.iter().any(|(known, _)| letter == known.to_string()) && number.parse::<u32>().is_ok()
}

/// Returns the rows whose first cell is an id: id, requirement, tests, limits.
fn rows(document: &str) -> Vec<[&str; 4]> {
    document
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line
                .strip_prefix('|')?
                .strip_suffix('|')?
                .split('|')
                .map(str::trim)
                .collect();
            is_id(cells.first()?).then(|| {
                cells
                    .try_into()
                    .unwrap_or_else(|_| panic!("four cells: {line}"))
            })
        })
        .collect()
}

/// Returns the code spans of the form `file::function`.
fn tests(text: &str) -> Vec<(&str, &str)> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .collect()
}

/// Whether a file has a function of exactly this name.
fn has_function(source: &str, name: &str) -> bool {
    let start = format!("fn {name}");
    source
        .match_indices(&start)
        .any(|(at, _)| source[at + start.len()..].starts_with(['(', '<']))
}

#[test]
fn every_requirement_has_its_row_and_every_test_exists() {
    let document =
        std::fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md");
    let rows = rows(&document);
    let expected: BTreeSet<String> = IDS
        .iter()
        .flat_map(|(letter, most)| (1..=*most).map(move |n| format!("{letter}{n}")))
        .collect();
    let mut found = BTreeSet::new();
    for [id, what, tested, _] in &rows {
        assert!(
            !what.is_empty() && !tests(tested).is_empty(),
            "{id}: what is done, and which test shows it"
        );
        assert!(found.insert((*id).to_owned()), "{id} stands there twice");
    }
    assert_eq!(found, expected);
    let named = tests(&document);
    assert!(named.len() > expected.len());
    for (file, function) in named {
        let source = std::fs::read_to_string(root().join(file))
            .unwrap_or_else(|_| panic!("{file} is missing"));
        assert!(has_function(&source, function), "{file} has no {function}");
    }
}

/// Checks the other direction: the table names each test whose name begins with an id.
#[test]
fn tests_that_bear_an_id_stand_in_its_row() {
    let document = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows: BTreeMap<String, [&str; 4]> = rows(&document)
        .into_iter()
        .map(|row| (row[0].to_lowercase(), row))
        .collect();
    let mut files = Vec::new();
    for folder in [
        "session-core",
        "session-store",
        "stores",
        "session-axum",
        "session-hyper",
        "session-rocket",
        "tests/scenarios",
    ] {
        collect(&root().join(folder), &mut files);
    }
    let mut borne = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let path = file
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        for name in source
            .split("fn ")
            .skip(1)
            .filter_map(|rest| rest.split(['(', '<']).next())
        {
            let Some(row) = name.split_once('_').and_then(|(id, _)| rows.get(id)) else {
                continue;
            };
            borne += 1;
            let named = document.contains(&format!("`{path}::{name}`"));
            assert!(named, "{path}::{name} belongs into the row of {}", row[0]);
        }
    }
    assert!(borne > 50, "{borne}");
}

/// A link to a file has its tests or modules of tests in backticks.
#[test]
fn tests_that_the_guide_to_stores_names_exist() {
    let document = std::fs::read_to_string(root().join("docs/stores.md")).unwrap();
    let mut named = 0;
    for (text, rest) in document
        .split('[')
        .skip(1)
        .filter_map(|link| link.split_once("](../"))
    {
        let path = rest.split(')').next().unwrap();
        if !path.contains("tests/") {
            continue;
        }
        let source = std::fs::read_to_string(root().join(path))
            .unwrap_or_else(|_| panic!("{path} is missing"));
        for name in text.split('`').skip(1).step_by(2) {
            named += 1;
            let exists = has_function(&source, name) || source.contains(&format!("mod {name} {{"));
            assert!(exists, "{path} has no {name}");
        }
    }
    assert!(named > 70, "{named}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
