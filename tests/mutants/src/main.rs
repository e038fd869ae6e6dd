//! Rewrites Rust files so that the program contains every small change that could be made to them,
//! called a mutant, and one mutant is switched on at run time: `mutants SKIPPED FILE ...`. It
//! overwrites the files, and prints a line of JSON for each mutant. `SKIPPED` lists the numbers of
//! mutants that do not compile, separated by commas.

mod rewrite;

use std::collections::BTreeSet;

use syn::visit_mut::VisitMut;

fn main() {
    let mut args = std::env::args().skip(1);
    let skipped: BTreeSet<u32> = args
        .next()
        .unwrap_or_default()
        .split(',')
        .filter_map(|number| number.parse().ok())
        .collect();
    let mut number = 0;
    for path in args {
        let source = std::fs::read_to_string(&path).expect("a file that can be read");
        let mut file = syn::parse_file(&source).expect("a file of Rust");
        let mut rewriter = rewrite::Rewriter::new(&path, &source, number, &skipped);
        rewriter.visit_file_mut(&mut file);
        number = rewriter.number;
        std::fs::write(&path, quote::quote!(#file).to_string())
            .expect("a file that can be written");
    }
}
