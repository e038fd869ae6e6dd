//! The guides' programs, as a reader sees them. `cargo test --doc` compiles them.

#![allow(clippy::unwrap_used)]

use std::path::Path;

/// A line that rustdoc compiles and no reader of the file can make sense of.
fn is_hidden(line: &str) -> bool {
    let line = line.trim_start();
    line == "#" || line.starts_with("# ")
}

#[test]
fn no_program_has_hidden_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut guides = vec![root.join("README.md")];
    for entry in std::fs::read_dir(root.join("docs")).unwrap() {
        guides.push(entry.unwrap().path());
    }
    let (mut programs, mut hidden) = (0, Vec::new());
    for guide in guides {
        let mut in_program = false;
        for line in std::fs::read_to_string(&guide).unwrap().lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                in_program = !in_program && language.starts_with("rust");
                programs += usize::from(in_program);
            } else if in_program && is_hidden(line) {
                hidden.push(format!("{}: {line}", guide.display()));
            }
        }
    }
    assert!(programs > 30, "only {programs} programs were found");
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}
