//! Sessions as a table or as facts on a terminal, and as JSON in a pipe, an object a line.

use std::io::{self, Write};

use session_core::RecordKey;
use session_core::protocol::Record;
use session_store::SessionInfo;

use crate::facts::{date, minute};
use crate::json::{quoted, visible};
use crate::out::Out;
use crate::store::content::Content;

const HEAD: [&str; 5] = ["KEY", "BEGAN (UTC)", "LAST SEEN", "EXPIRES", "LABEL"];

pub(crate) fn list(out: &mut Out, listed: &[SessionInfo]) -> io::Result<()> {
    if out.terminal {
        return table(out, listed);
    }
    for session in listed {
        let fields = fields(
            session.key,
            session.created,
            session.seen,
            session.expires,
            session.label.as_deref(),
        );
        writeln!(out.writer, "{{{}}}", fields.join(","))?;
    }
    Ok(())
}

fn table(out: &mut Out, listed: &[SessionInfo]) -> io::Result<()> {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for session in listed {
        rows.push([
            session.key.to_text(),
            minute(session.created),
            minute(session.seen),
            minute(session.expires),
            visible(session.label.as_deref().unwrap_or_default()),
        ]);
    }
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(&format!("{cell:width$}  "));
        }
        writeln!(out.writer, "{}", line.trim_end())?;
    }
    Ok(())
}

pub(crate) fn record(
    out: &mut Out,
    key: RecordKey,
    record: &Record,
    content: &Content,
) -> io::Result<()> {
    let (json, problem) = match content {
        Content::Json(json) => (Some(json.as_str()), None),
        Content::Locked => (None, Some("its key was not given")),
        Content::Unreadable(reason) => (None, Some(*reason)),
    };
    if !out.terminal {
        let label = record.label.as_deref();
        let mut fields = fields(key, record.created, record.seen, record.expires, label);
        fields.insert(1, format!("\"user\":{}", or_null(record.user.as_deref())));
        fields.push(format!("\"encrypted\":{}", record.is_encrypted()));
        fields.push(format!("\"content\":{}", json.unwrap_or("null")));
        if let Some(problem) = problem {
            fields.push(format!("\"problem\":{}", quoted(problem)));
        }
        return writeln!(out.writer, "{{{}}}", fields.join(","));
    }
    if let Some(json) = json {
        out.payload(json)?;
    }
    let or_none = |text: &Option<std::sync::Arc<str>>| match text {
        Some(text) => visible(text),
        None => "none".to_owned(),
    };
    let encrypted = if record.is_encrypted() { "yes" } else { "no" };
    let mut facts = vec![
        ("key", key.to_text()),
        ("user", or_none(&record.user)),
        ("label", or_none(&record.label)),
        ("created", date(record.created)),
        ("seen", date(record.seen)),
        ("expires", date(record.expires)),
        ("encrypted", encrypted.to_owned()),
    ];
    if let Some(problem) = problem {
        facts.push(("not shown", problem.to_owned()));
    }
    out.facts(&facts)
}

/// The fields that both commands print, as JSON.
fn fields(
    key: RecordKey,
    created: u64,
    seen: u64,
    expires: u64,
    label: Option<&str>,
) -> Vec<String> {
    vec![
        format!("\"key\":{}", quoted(&key.to_text())),
        format!("\"created\":{created}"),
        format!("\"seen\":{seen}"),
        format!("\"expires\":{expires}"),
        format!("\"label\":{}", or_null(label)),
    ]
}

fn or_null(text: Option<&str>) -> String {
    match text {
        Some(text) => quoted(text),
        None => "null".to_owned(),
    }
}
