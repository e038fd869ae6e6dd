use super::*;
use crate::page::tests::{HOSTILE, assert_balanced};

fn listed(text: &str, this: bool) -> ListedSession {
    let text = || text.to_owned();
    ListedSession {
        key: text(),
        label: text(),
        began: text(),
        seen: text(),
        this,
    }
}

#[test]
fn the_users_sessions_are_listed() {
    let sessions = [listed("one", false), listed("two", true)];
    let html = SessionsPage {
        framework: "axum",
        mode: "on the server",
        user: "ada",
        sessions: &sessions,
    }
    .render();
    assert_balanced(&html);
    for part in [
        "<strong>ada</strong>",
        "<th scope=\"row\">one</th><td>one</td><td>one</td>",
        "<th scope=\"row\">two <strong>this one</strong></th>",
        "method=\"post\" action=\"/sessions/end\"><button name=\"key\" value=\"one\" aria-label=\"End: one\"",
        "method=\"post\" action=\"/sessions/end_all\"",
        "href=\"/\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(html.matches("this one").count(), 1);
}

#[test]
fn a_hostile_label_stays_text() {
    let sessions = [listed(HOSTILE, true)];
    let html = SessionsPage {
        framework: HOSTILE,
        mode: HOSTILE,
        user: HOSTILE,
        sessions: &sessions,
    }
    .render();
    assert_balanced(&html);
    assert!(html.contains(&format!("<th scope=\"row\">{}", escape(HOSTILE))));
    assert!(
        !html.contains("<script") && !html.contains("\" onload"),
        "{html}"
    );
}
