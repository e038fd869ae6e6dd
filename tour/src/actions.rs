//! What the tour's routes do with the session: the same in every framework, which adds only its routing.

use std::time::SystemTime;

use serde_json::Value;
use session_core::{Error, Session};

use crate::page::{Page, escape};
use crate::start::Tour;

/// `GET /visit`: counts and tells.
///
/// # Errors
/// When `visits` is no integer.
pub fn visit(session: &Session) -> Result<String, Error> {
    let visits = session.increment("visits", 1)?;
    Ok(format!("You have visited this page {visits} times"))
}

/// `POST /login`: whoever gives a name is logged in by it; then to `/profile`.
///
/// # Errors
/// None that a session has while its request lasts.
pub fn login(session: &Session, username: &str) -> Result<(), Error> {
    session.set_owner(username)?;
    session.insert("username", username)?;
    session.insert("user_id", 123)?;
    session.flash(format!("Logged in as {username}"), "success")
}

/// `GET /profile`: a line of HTML, or `None`: then to `/login`.
///
/// # Errors
/// When `username` is no text.
pub fn profile(session: &Session) -> Result<Option<String>, Error> {
    let username: Option<String> = session.get("username")?;
    Ok(username.map(|username| format!("Welcome {}!", escape(&username))))
}

/// `POST /logout`.
///
/// # Errors
/// None that a session has while its request lasts.
pub fn logout(session: &Session) -> Result<&'static str, Error> {
    session.remove("username")?;
    session.clear()?;
    Ok("Logged out successfully!")
}

/// `POST /add_to_cart/{product_id}`.
///
/// # Errors
/// When `cart` is no list.
pub fn add_to_cart(session: &Session, product_id: &str) -> Result<String, Error> {
    session.push("cart", product_id)?;
    Ok(format!("Added product {product_id} to cart"))
}

/// `GET /cart`: a JSON list.
///
/// # Errors
/// When `cart` cannot be read.
pub fn cart(session: &Session) -> Result<String, Error> {
    Ok(session.get::<Value>("cart")?.unwrap_or_else(|| Value::Array(Vec::new())).to_string())
}

/// `POST /permanent` with the form's `on`; `None` if that is neither `1` nor `0`.
///
/// # Errors
/// None that a session has while its request lasts.
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
/// When no random number can be had.
pub fn flash(session: &Session, message: &str, category: &str) -> Result<&'static str, Error> {
    session.flash(message, category)?;
    Ok("ok")
}

/// `GET /flashes`: `[[category, message], ...]`, and they are gone.
///
/// # Errors
/// None that a session has while its request lasts.
pub fn flashes(session: &Session) -> Result<String, Error> {
    let taken = session.take_flashes()?;
    let pairs =
        taken.iter().map(|flash| Ok(Value::Array(vec![flash.category().into(), flash.message_as()?])));
    Ok(Value::Array(pairs.collect::<Result<_, Error>>()?).to_string())
}

/// `GET /fail`: changes the session, and then the page fails with this text and status 500; the change is kept.
///
/// # Errors
/// When `failures` is no integer.
pub fn fail(session: &Session) -> Result<String, Error> {
    let failures = session.increment("failures", 1)?;
    Ok(format!("This page has failed {failures} times"))
}

/// `GET /panic`: changes the session, and then the handler panics; nothing of the change may be kept.
///
/// # Panics
/// Always.
#[allow(clippy::panic, reason = "the tour shows what a panic leaves")]
pub fn panic(session: &Session) -> ! {
    let changed = session.insert("half", true);
    panic!("the tour's handler panics, as it should; it had changed its session: {changed:?}")
}

/// `GET /late`: the body's first part is [`LATE_FIRST`], this its second, made when the first has been sent: the session has
/// been closed by then.
#[must_use]
pub fn late(session: &Session) -> String {
    match session.insert("late", true) {
        Ok(()) => "and the session was still open\n".to_owned(),
        Err(error) => format!("and then: {error}\n"),
    }
}

/// The first part of the body of `GET /late`.
pub const LATE_FIRST: &str = "The headers have been sent,\n";

/// `GET /`: the page. Takes the flashes it shows, counts no visit. A session of another application, with other types
/// under our keys, is shown as far as it can be.
///
/// # Errors
/// None that a session has while its request lasts.
pub fn page(tour: &Tour, session: &Session) -> Result<String, Error> {
    let flashes: Vec<_> =
        session.take_flashes()?.iter().map(|flash| (flash.category().to_owned(), flash.message())).collect();
    let user: Option<String> = session.get("username").ok().flatten();
    let items: Vec<Value> = session.get("cart").ok().flatten().unwrap_or_default();
    let cart: Vec<String> =
        items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
    let json = session.to_json();
    let pretty =
        serde_json::from_str::<Value>(&json).ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    Ok(Page {
        framework: tour.framework,
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
    let since =
        |then: Option<SystemTime>, none: &str| match then.map(|then| then.elapsed().unwrap_or_default()) {
            Some(age) => format!("{} s ago", age.as_secs()),
            None => none.to_owned(),
        };
    let created = match session.written() {
        Some(_) => since(session.created(), "not in Flask's format"),
        None => "not yet".to_owned(),
    };
    let ends = if session.is_permanent() { "after its lifetime (permanent)" } else { "with the browser" };
    let place =
        tour.place.map(|place| ("The session", format!("{} bytes in {place}", session.payload().len())));
    let rows = [
        ("Cookie", tour.source.cookie_name().to_owned()),
        ("Value", size),
        ("Written", since(session.written(), "not yet")),
        ("Session began", created),
        ("Ends", ends.to_owned()),
        ("Refused", session.rejected().map_or("no".to_owned(), |why| why.to_string())),
    ];
    rows.into_iter().chain(place).map(|(label, value)| (label.to_owned(), value)).collect()
}
