//! The commands of the README, typed as they stand.

use std::fs;

use servers::Folder;

use crate::helpers::shell;

/// Returns the blocks of console lines.
fn blocks(text: &str) -> Vec<&str> {
    let blocks = text.split("```console\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// Each command gives the output below it. `...` stands for any rest of a line.
#[test]
fn the_commands_do_what_it_says() {
    let readme = include_str!("../../README.md");
    let folder = Folder::new("session-cli");
    let mut commands = 0;
    for block in blocks(readme) {
        for part in block.split("$ ").skip(1) {
            let (line, expected) = part.split_once('\n').unwrap();
            if line.contains("cargo ") || line.contains("--store") {
                continue;
            }
            let run = shell(line, folder.path());
            assert!(run.code < 2, "{line}: {}", run.err);
            let said = format!("{}{}", run.out, run.err);
            for (said, expected) in said.lines().zip(expected.lines()) {
                let start = expected.strip_suffix("...").unwrap_or(expected);
                assert!(said.starts_with(start), "{line}: {said}");
            }
            assert_eq!(
                said.lines().count(),
                expected.lines().count(),
                "{line}: {said}"
            );
            commands += 1;
        }
    }
    assert!(commands >= 4, "{commands}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
