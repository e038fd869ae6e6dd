//! The pages of the tour: plain functions from data to HTML, without any script.
//!
//! The forms and links on [`Page`] that change or show something are answered in plain text or JSON.
//! They open in a frame docked at the page's lower edge, so that the raw answer is seen next to the page
//! that led to it; reloading the page then shows the new state.

mod fixed;
mod sessions;

pub use sessions::{ListedSession, SessionsPage};

use fixed::{
    COOKIE_NOTE, DOCK, ENCRYPTED_NOTE, FLASH_CARD, INTRODUCTION, INTRODUCTION_STORED, LOGIN,
    LOGIN_PAGE, LOGOUT, SESSIONS_LINK, STORED_NOTE,
};

/// The products for the cart: the id in `/add_to_cart/{product_id}`, and the name on the page.
pub const PRODUCTS: &[(&str, &str)] = &[
    ("espresso", "Espresso"),
    ("filter", "Filter coffee"),
    ("cortado", "Cortado"),
    ("beans", "Bag of beans"),
    ("grinder", "Hand grinder"),
    ("mug", "Mug"),
];

const STYLE: &str = include_str!("style.css");

/// The content of the tour's main page. All fields are plain text; [`render`](Self::render) escapes
/// them.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The web framework's name.
    pub framework: &'a str,
    /// Whether the sessions are encrypted.
    pub encrypted: bool,
    /// The kind of the session, for example "signed cookie".
    pub mode: &'a str,
    /// The place of the session, if it is not in its cookie.
    pub place: Option<&'a str>,
    /// The number of visits: a float, since Flask may have stored one.
    pub visits: f64,
    /// The user, if one is logged in.
    pub user: Option<&'a str>,
    /// The ids of the products in the cart, in order, with repetitions.
    pub cart: &'a [String],
    /// Whether the session outlives the browser.
    pub permanent: bool,
    /// Category and text of each flash message.
    pub flashes: &'a [(String, String)],
    /// Label and value of each row about the cookie.
    pub inspector: &'a [(String, String)],
    /// The content of the session, as JSON.
    pub json: &'a str,
}

impl Page<'_> {
    /// Returns the page as an HTML document.
    pub fn render(&self) -> String {
        let introduction = if self.place.is_some() {
            INTRODUCTION_STORED
        } else {
            INTRODUCTION
        };
        let introduction = if self.encrypted {
            introduction.replacen("signed", "encrypted", 1)
        } else {
            introduction.to_owned()
        };
        let main = [self.banners(), introduction, self.cards(), self.inspector()].concat();
        document("The tour", self.framework, Some(self.mode), &main, DOCK)
    }

    fn banners(&self) -> String {
        if self.flashes.is_empty() {
            return String::new();
        }
        let banner = |(category, message): &(String, String)| {
            let class = category_class(category);
            let (category, message) = (escape(category), escape(message));
            // A message that Flask was given without a category has an empty one.
            let category = if category.is_empty() {
                category
            } else {
                format!("<strong>{category}</strong> ")
            };
            format!("<li class=\"banner {class}\">{category}<span>{message}</span></li>\n")
        };
        let banners: String = self.flashes.iter().map(banner).collect();
        format!("<div role=\"status\"><ul class=\"banners\">\n{banners}</ul></div>\n")
    }

    fn cards(&self) -> String {
        format!(
            "<div class=\"cards\">\n{}{}{FLASH_CARD}</div>\n",
            self.you(),
            self.cart()
        )
    }

    fn you(&self) -> String {
        let visits = if self.visits == 1.0 {
            "visit"
        } else {
            "visits"
        };
        let (who, action) = match self.user {
            Some(user) => (
                format!("Logged in as <strong>{}</strong>", escape(user)),
                LOGOUT,
            ),
            None => ("Not logged in".to_owned(), LOGIN),
        };
        let sessions = if self.user.is_some() && self.place.is_some() {
            SESSIONS_LINK
        } else {
            ""
        };
        format!(
            r#"<section class="card" aria-labelledby="you">
<h2 id="you">You</h2>
<div class="facts">
<p class="fact"><span class="figure">{count}</span> {visits}</p>
<p class="who">{who}</p>
</div>
<p class="pair">
<a class="button" href="/visit" target="answer">Count a visit</a>
<a class="button" href="/profile" target="answer">See your profile</a>
</p>
{action}{sessions}
<form class="lifetime" method="post" action="/permanent" target="answer">
<fieldset>
<legend>When the browser closes</legend>
<div class="switch">
<button name="on" value="0" aria-pressed="{browser}">Forget me</button>
<button name="on" value="1" aria-pressed="{permanent}">Remember me</button>
</div>
</fieldset>
</form>
</section>
"#,
            count = self.visits,
            browser = !self.permanent,
            permanent = self.permanent,
        )
    }

    fn cart(&self) -> String {
        let product = |(id, name): &(&str, &str)| {
            format!(
                "<li><form method=\"post\" action=\"/add_to_cart/{id}\" target=\"answer\">\
                 <button aria-label=\"Add to cart: {name}\">{name}</button></form></li>\n"
            )
        };
        let products: String = PRODUCTS.iter().map(product).collect();
        format!(
            r#"<section class="card" aria-labelledby="cart">
<h2 id="cart">Cart</h2>
{content}
<h3>Add something</h3>
<ul class="products pair">
{products}</ul>
<p class="foot"><a href="/cart" target="answer">Show the cart as JSON</a></p>
</section>
"#,
            content = self.cart_content(),
        )
    }

    fn cart_content(&self) -> String {
        if self.cart.is_empty() {
            return "<p class=\"empty\">Your cart is empty.</p>".to_owned();
        }
        let mut counted: Vec<(&str, usize)> = Vec::new();
        for entry in self.cart {
            match counted.iter_mut().find(|(id, _)| id == entry) {
                Some((_, count)) => *count += 1,
                None => counted.push((entry, 1)),
            }
        }
        let line = |(id, count): &(&str, usize)| {
            format!(
                "<li><code>{}</code> <span>× {count}</span></li>\n",
                escape(id)
            )
        };
        let lines: String = counted.iter().map(line).collect();
        format!("<ul class=\"cart\">\n{lines}</ul>")
    }

    fn inspector(&self) -> String {
        let row = |(label, value): &(String, String)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                escape(label),
                escape(value)
            )
        };
        let rows: String = self.inspector.iter().map(row).collect();
        let (note, content) = match self.place {
            None if self.encrypted => (ENCRYPTED_NOTE, "Content".to_owned()),
            None => (COOKIE_NOTE, "Content, readable".to_owned()),
            Some(place) => (STORED_NOTE, format!("Content in {}", escape(place))),
        };
        format!(
            r#"<section class="card inspector" aria-labelledby="inspector">
<h2 id="inspector">Inspector</h2>
<p class="note">{note}</p>
<div class="split">
<div>
<h3>The cookie</h3>
<table>
<caption class="hidden">The session's cookie</caption>
<tbody>
{rows}</tbody>
</table>
</div>
<div>
<h3>{content}</h3>
<pre>{json}</pre>
</div>
</div>
<p class="foot">
<a href="/session" target="answer">Show the session as JSON</a>
<a href="/untouched" target="answer">Make a request that leaves it untouched</a>
</p>
</section>
"#,
            json = escape(self.json),
        )
    }
}

/// Returns the page with the login form.
pub fn login_form(framework: &str) -> String {
    document("Log in", framework, None, LOGIN_PAGE, "")
}

/// Returns a document with the frame that all pages share.
fn document(title: &str, framework: &str, mode: Option<&str>, main: &str, after: &str) -> String {
    let framework = escape(framework);
    let mode = mode
        .map(|mode| format!("<li>{}</li>", escape(mode)))
        .unwrap_or_default();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · session for {framework}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3.5' fill='%23b1461b'/%3E%3C/svg%3E">
<style>
{STYLE}</style>
</head>
<body>
<header>
<div>
<h1><a href="/">session</a></h1>
<p class="tagline">Flask’s sessions for Rust</p>
</div>
<ul class="badges" aria-label="This tour runs on"><li class="framework">{framework}</li>{mode}</ul>
</header>
<main>
{main}</main>
{after}</body>
</html>
"#
    )
}

/// Returns the style class of a flash category. Categories of the application's own look neutral.
fn category_class(category: &str) -> &'static str {
    match category {
        "success" => "success",
        "error" => "error",
        "warning" => "warning",
        "info" => "info",
        _ => "neutral",
    }
}

/// Escapes text for HTML, for content and for quoted attributes: the characters and replacements of
/// `markupsafe.escape`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
