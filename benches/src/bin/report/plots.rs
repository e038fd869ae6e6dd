//! The plots: costs by the size of the session.

use crate::data::Report;
use crate::svg::{COLOURS, Line, Plot};
use crate::tables::{cost, is_framework};

/// Group, file, and title of each plot.
const PLOTS: [(&str, &str, &str); 4] = [
    (
        "core: open, get",
        "core-read",
        "Read one value, without a framework",
    ),
    (
        "core: open, update, close",
        "core-write",
        "Change one value and send the cookie, without a framework",
    ),
    ("axum: read", "axum-read", "Read one value in axum"),
    (
        "axum: write",
        "axum-write",
        "Change one value and send the cookie, in axum",
    ),
];

/// Returns the file name and the content of each plot that has enough data.
pub fn plots(report: &Report) -> Vec<(String, String)> {
    let all = PLOTS.iter().filter_map(|(group, file, title)| {
        let plot = plot(report, group, title)?;
        Some((format!("{file}.svg"), plot.svg()))
    });
    all.collect()
}

/// Returns a group's plot as Markdown.
pub fn image(report: &Report, group: &str) -> Option<String> {
    let (_, file, title) = PLOTS.iter().find(|(plotted, ..)| *plotted == group)?;
    plot(report, group, title)?;
    Some(format!(
        "![{title}, by the size of the session](plots/{file}.svg)\n"
    ))
}

fn plot(report: &Report, group: &str, title: &str) -> Option<Plot> {
    let columns = report.columns(group);
    let framework = is_framework(report, group);
    let mut colours = COLOURS.iter().cycle();
    // An empty layer costs almost nothing, and would take half of the axis.
    let rows = report
        .rows(group)
        .into_iter()
        .filter(|who| *who != "bare" && !who.contains("empty"));
    let lines = rows.filter_map(|who| {
        let point = |column: &usize| {
            let taken = if framework {
                cost(report, group, who, *column)?.median()
            } else {
                report.time(group, who, *column)?.least()
            };
            // A value below the noise has no place on this axis.
            Some((*column as f64, taken)).filter(|_| taken > 1.0)
        };
        let points: Vec<_> = columns.iter().filter_map(point).collect();
        let base = who.contains("floor");
        let colour = match who {
            "floor, bare block function" => "#767676",
            _ if base => "#333333",
            _ => *colours.next().unwrap(),
        };
        let (ours, dashed) = (who == "ours" || who == "ours, signed", base);
        (points.len() > 1).then(|| Line {
            name: who.into(),
            colour,
            dashed,
            thick: ours,
            points,
        })
    });
    let lines: Vec<_> = lines.collect();
    let what = if framework {
        "time per request, less the bare application's"
    } else {
        "time per request"
    };
    (!lines.is_empty()).then(|| Plot {
        title: title.into(),
        what: what.into(),
        lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::report;

    #[test]
    fn only_what_has_several_sizes_is_plotted() {
        let report = report(&[
            ("axum: read", "bare", 50, &[500.0]),
            ("axum: read", "ours", 50, &[900.0]),
            ("core: open, get", "floor", 50, &[200.0]),
            ("core: open, get", "floor", 98, &[250.0]),
        ]);
        let plots = plots(&report);
        assert_eq!(
            plots
                .iter()
                .map(|(file, _)| file.as_str())
                .collect::<Vec<_>>(),
            ["core-read.svg"]
        );
        assert!(
            image(&report, "core: open, get")
                .unwrap()
                .contains("plots/core-read.svg")
        );
        assert_eq!(image(&report, "axum: read"), None);
    }
}
