//! The actions of the tour's routes on the session. Every framework uses them, and adds only its
//! routing.

use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use session_core::{Error, RecordKey, Session};

use crate::page::{ListedSession, Page, SessionsPage, escape};
use crate::start::Tour;

/// `GET /visit`: counts the visit, and reports the count.
///
/// # Errors
/// [`Error`] when `visits` is no counter.
pub fn visit(session: &Session) -> Result<String, Error> {
    let visits = session.increment("visits", 1)?;
    Ok(format!("You have visited this page {visits} times"))
}

/// `POST /login`: logs the user in by the given name, and leads to `/profile`. The browser's name
/// becomes the session's label.
///
/// # Errors
/// None while the request lasts.
pub fn login(session: &Session, username: &str, user_agent: Option<&str>) -> Result<(), Error> {
    session.log_in(username)?;
    if let Some(user_agent) = user_agent {
        session.set_label(&browser(user_agent))?;
    }
    session.insert("username", username)?;
    session.insert("user_id", 123)?;
    session.flash(format!("Logged in as {username}"), "success")
}

/// `GET /profile`: a line of HTML, or `None`, which leads to `/login`.
///
/// # Errors
/// [`Error`] when `username` is no text.
pub fn profile(session: &Session) -> Result<Option<String>, Error> {
    let username: Option<Option<String>> = session.get("username")?; // Flask may have stored None
    Ok(username
        .flatten()
        .map(|username| format!("Welcome {}!", escape(&username))))
}

/// `POST /logout`.
///
/// # Errors
/// None while the request lasts.
pub fn logout(session: &Session) -> Result<&'static str, Error> {
    session.remove("username")?;
    session.clear()?;
    Ok("Logged out successfully!")
}

/// `POST /add_to_cart/{product_id}`.
///
/// # Errors
/// [`Error`] when `cart` is no list.
pub fn add_to_cart(session: &Session, product_id: &str) -> Result<String, Error> {
    session.push("cart", product_id)?;
    Ok(format!("Added product {product_id} to cart"))
}

/// `GET /cart`: a JSON list.
///
/// # Errors
/// [`Error`] when `cart` cannot be read.
pub fn cart(session: &Session) -> Result<String, Error> {
    Ok(session
        .get::<Value>("cart")?
        .unwrap_or_else(|| Value::Array(Vec::new()))
        .to_string())
}

/// `POST /permanent` with the form's `on`. Returns `None` if that is neither `1` nor `0`.
///
/// # Errors
/// None while the request lasts.
pub fn set_permanent(session: &Session, on: &str) -> Result<Option<&'static str>, Error> {
    match on {
        "1" => session.set_permanent(true)?,
        "0" => session.set_permanent(false)?,
        _ => return Ok(None),
    }
    Ok(Some("ok"))
}

/// `POST /flash`.
///
/// # Errors
/// [`Error`] when the random source fails.
pub fn flash(session: &Session, message: &str, category: &str) -> Result<&'static str, Error> {
    session.flash(message, category)?;
    Ok("ok")
}

/// `GET /flashes`: takes the messages, `[[category, message], ...]`.
///
/// # Errors
/// None while the request lasts.
pub fn flashes(session: &Session) -> Result<String, Error> {
    let taken = session.take_flashes()?;
    let pairs = taken.iter().map(|flash| {
        Ok(Value::Array(vec![
            flash.category().into(),
            flash.message_as()?,
        ]))
    });
    Ok(Value::Array(pairs.collect::<Result<_, Error>>()?).to_string())
}

/// `GET /fail`: changes the session, and then fails with this text and status 500. The change is
/// stored.
///
/// # Errors
/// [`Error`] when `failures` is no counter.
pub fn fail(session: &Session) -> Result<String, Error> {
    let failures = session.increment("failures", 1)?;
    Ok(format!("This page has failed {failures} times"))
}

/// `GET /panic`: changes the session, and then panics. The change must not be stored.
///
/// # Panics
/// Always.
#[allow(clippy::panic, reason = "the tour shows what a panic leaves")]
pub fn panic(session: &Session) -> ! {
    let changed = session.insert("half", true);
    panic!("the tour's handler panics, as it should; it had changed its session: {changed:?}")
}

/// `GET /late`: returns the second part of the body, after [`LATE_FIRST`]. It is made when the
/// first part has been sent, so the session is closed by then.
#[must_use]
pub fn late(session: &Session) -> String {
    match session.insert("late", true) {
        Ok(()) => "and the session was still open\n".to_owned(),
        Err(error) => format!("and then: {error}\n"),
    }
}

/// `GET /late/open`: as [`late`], but opens the session only when the first part has been sent.
#[must_use]
pub fn late_open(opened: Result<&Session, impl Display>) -> String {
    match opened {
        Ok(session) => format!(
            "and the session could still be read: {}\n",
            session.to_json()
        ),
        Err(error) => format!("and then: {error}\n"),
    }
}

/// The first part of the body of `GET /late` and `GET /late/open`.
pub const LATE_FIRST: &str = "The headers have been sent,\n";

/// The answer of a page about the user's sessions. No cache may store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A page of HTML.
    Page(String),
    /// A line of text.
    Text(&'static str),
    /// A line of text with status 400.
    Bad(&'static str),
    /// A redirect with status 303.
    To(&'static str),
}

const UNLISTED: Answer = Answer::Text(
    "A session in a cookie cannot be listed, nor ended from elsewhere: only the browser has it. \
     Start the tour with --store memory, or another store that --help lists.",
);

/// The number of sessions that the page lists at most.
const MOST: usize = 100;

/// `GET /sessions`: lists the user's sessions, with a button to end each.
///
/// # Errors
/// [`Error`] when the store does not answer.
pub async fn sessions(tour: &Tour, session: &Session) -> Result<Answer, Error> {
    let Some(sessions) = &tour.sessions else {
        return Ok(UNLISTED);
    };
    let Some(user) = session.user() else {
        return Ok(Answer::To("/login"));
    };
    let this = session.record_key();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let listed = sessions.list(&user, MOST).await?;
    let rows: Vec<_> = listed
        .iter()
        .map(|listed| ListedSession {
            key: listed.key.to_text(),
            label: listed
                .label
                .as_deref()
                .unwrap_or("unknown browser")
                .to_owned(),
            began: ago(now.saturating_sub(listed.created)),
            seen: ago(now.saturating_sub(listed.seen)),
            this: this == Some(listed.key),
        })
        .collect();
    let page = SessionsPage {
        framework: tour.framework,
        mode: tour.mode,
        user: &user,
        sessions: &rows,
    };
    Ok(Answer::Page(page.render()))
}

/// `POST /sessions/end` with the form's `key`: ends that session, if it belongs to the user.
///
/// # Errors
/// [`Error`] when the store does not answer.
pub async fn end_session(tour: &Tour, session: &Session, key: &str) -> Result<Answer, Error> {
    let Some(sessions) = &tour.sessions else {
        return Ok(UNLISTED);
    };
    let Some(user) = session.user() else {
        return Ok(Answer::To("/login"));
    };
    let Some(key) = RecordKey::from_text(key) else {
        return Ok(Answer::Bad(
            "key must be that of a session, as on the page /sessions",
        ));
    };
    if session.record_key() == Some(key) {
        session.clear()?;
        return Ok(Answer::To("/login"));
    }
    sessions.end(&user, key).await?;
    Ok(Answer::To("/sessions"))
}

/// `POST /sessions/end_all`: ends all of the user's sessions, also this one.
///
/// # Errors
/// [`Error`] when the store does not answer.
pub async fn end_sessions(tour: &Tour, session: &Session) -> Result<Answer, Error> {
    let Some(sessions) = &tour.sessions else {
        return Ok(UNLISTED);
    };
    if let Some(user) = session.user() {
        sessions.end_all(&user).await?;
        session.clear()?;
    }
    Ok(Answer::To("/login"))
}

fn ago(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => format!("{seconds} s ago"),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ => format!("{} d ago", seconds / DAY),
    }
}

/// Returns a label such as `Firefox on Linux` for a `User-Agent`, or its first 60 characters.
/// Browsers also name others that they imitate, so the order of the checks matters.
fn browser(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 9] = [
        ("Edg/", "Edge"),
        ("EdgA/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let first = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(part, _)| user_agent.contains(part))
            .map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => user_agent.chars().take(60).collect(),
    }
}

/// `GET /`: the page. Takes the flashes that it shows, and counts no visit. It shows a session of
/// another application, with other types under these keys, as far as it can.
///
/// # Errors
/// None while the request lasts.
pub fn page(tour: &Tour, session: &Session) -> Result<String, Error> {
    let flashes: Vec<_> = session
        .take_flashes()?
        .iter()
        .map(|flash| (flash.category().to_owned(), flash.message()))
        .collect();
    let user: Option<String> = session.get("username").ok().flatten();
    let items: Vec<Value> = session.get("cart").ok().flatten().unwrap_or_default();
    let cart: Vec<String> = items
        .iter()
        .map(|item| {
            item.as_str()
                .map_or_else(|| item.to_string(), str::to_owned)
        })
        .collect();
    let json = session.to_json();
    let pretty = serde_json::from_str::<Value>(&json)
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    Ok(Page {
        framework: tour.framework,
        encrypted: tour.encrypted,
        mode: tour.mode,
        place: tour.place,
        visits: session.get("visits").ok().flatten().unwrap_or_default(),
        user: user.as_deref(),
        cart: &cart,
        permanent: session.is_permanent(),
        flashes: &flashes,
        inspector: &inspector(tour, session),
        json: pretty.as_deref().unwrap_or(&json),
    }
    .render())
}

fn inspector(tour: &Tour, session: &Session) -> Vec<(String, String)> {
    let size = match (session.cookie_size(), tour.place) {
        (0, _) => "none came with this request".to_owned(),
        (size, None) => format!("{size} bytes; with its name at most 4096"),
        (size, Some(_)) => format!("{size} bytes: an id, whatever the session holds"),
    };
    let since = |then: Option<SystemTime>, none: &str| match then
        .map(|then| then.elapsed().unwrap_or_default())
    {
        Some(age) => format!("{} s ago", age.as_secs()),
        None => none.to_owned(),
    };
    let created = match session.written() {
        Some(_) => since(session.created(), "not in Flask's format"),
        None => "not yet".to_owned(),
    };
    let ends = if session.is_permanent() {
        "after its lifetime (permanent)"
    } else {
        "with the browser"
    };
    let place = tour.place.map(|place| {
        (
            "The session",
            format!("{} bytes in {place}", session.payload().len()),
        )
    });
    let rows = [
        ("Cookie", tour.source.cookie_name().to_owned()),
        ("Value", size),
        ("Written", since(session.written(), "not yet")),
        ("Session began", created),
        ("Ends", ends.to_owned()),
        (
            "Refused",
            session
                .rejected()
                .map_or("no".to_owned(), |why| why.to_string()),
        ),
    ];
    rows.into_iter()
        .chain(place)
        .map(|(label, value)| (label.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_short_names() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let windows =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, short) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                &*format!("{mac} Version/18.1 Safari/605.1.15"),
                "Safari on macOS",
            ),
            (
                &*format!("{windows} Chrome/142.0.0.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                &*format!("{windows} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"),
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", ""),
            (&"é".repeat(100), &"é".repeat(60)),
        ] {
            assert_eq!(browser(user_agent), short);
        }
    }

    #[test]
    fn ages_are_round() {
        for (seconds, text) in [
            (0, "0 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (7199, "1 h ago"),
            (200_000, "2 d ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }
}
