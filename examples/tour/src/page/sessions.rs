//! The page about the user's sessions.

use super::fixed::SESSIONS_FOOT;
use super::{document, escape};

/// The content of the page about the user's sessions. All fields are plain text;
/// [`render`](Self::render) escapes them.
#[derive(Debug, Clone, Copy)]
pub struct SessionsPage<'a> {
    /// The web framework's name.
    pub framework: &'a str,
    /// The kind of the session.
    pub mode: &'a str,
    /// The user.
    pub user: &'a str,
    /// The sessions.
    pub sessions: &'a [ListedSession],
}

/// One of the user's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The value that the form sends to end the session.
    pub key: String,
    /// The browser.
    pub label: String,
    /// When it began.
    pub began: String,
    /// When it was last seen.
    pub seen: String,
    /// Whether it is the session of this request.
    pub this: bool,
}

impl SessionsPage<'_> {
    /// Returns the page as an HTML document.
    pub fn render(&self) -> String {
        let row = |session: &ListedSession| {
            let label = escape(&session.label);
            let this = if session.this {
                " <strong>this one</strong>"
            } else {
                ""
            };
            format!(
                "<tr><th scope=\"row\">{label}{this}</th><td>{began}</td><td>{seen}</td><td>\
                 <form method=\"post\" action=\"/sessions/end\">\
                 <button name=\"key\" value=\"{key}\" aria-label=\"End: {label}\">End</button></form></td></tr>\n",
                began = escape(&session.began),
                seen = escape(&session.seen),
                key = escape(&session.key),
            )
        };
        let rows: String = self.sessions.iter().map(row).collect();
        let main = format!(
            r#"<section class="card" aria-labelledby="sessions">
<h2 id="sessions">Your sessions</h2>
<p class="note">Where <strong>{user}</strong> is logged in. The oldest login stands first.</p>
<table class="sessions">
<caption class="hidden">Your sessions</caption>
<thead>
<tr><th scope="col">Browser</th><th scope="col">Began</th><th scope="col">Last seen</th><td></td></tr>
</thead>
<tbody>
{rows}</tbody>
</table>
{SESSIONS_FOOT}</section>
"#,
            user = escape(self.user),
        );
        document("Your sessions", self.framework, Some(self.mode), &main, "")
    }
}

#[cfg(test)]
mod tests;
