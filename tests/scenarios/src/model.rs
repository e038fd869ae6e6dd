//! The steps of a client, a model of their effects, and a random generator.

use serde_json::{Map, Value, json};

use crate::client::{Request, encoded};

/// A step of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is a route")]
pub enum Action {
    Index,
    Visit,
    /// `HEAD /visit`: both frameworks answer it with the handler of GET, so it counts a visit too.
    VisitByHead,
    LoginForm,
    Login(String),
    Profile,
    Logout,
    Add(String),
    Cart,
    Permanent(bool),
    Flash {
        message: String,
        category: String,
    },
    Flashes,
    Session,
    Untouched,
    /// A path without a route: Flask refreshes permanent sessions there too.
    Missing,
    WrongMethod,
    /// A status of 500 that the handler chose.
    Fail,
}

impl Action {
    /// Chooses a step at random.
    pub fn any(dice: &mut Dice) -> Self {
        match dice.below(39) {
            0..4 => Self::Visit,
            4 => Self::VisitByHead,
            5..7 => Self::Login(dice.text(0)),
            7..10 => Self::Profile,
            10 | 35..37 => Self::Logout,
            11..15 => Self::Add(dice.text(1)),
            15..17 => Self::Cart,
            17..20 => Self::Permanent(dice.below(2) == 0),
            20..24 => Self::Flash {
                message: dice.text(0),
                category: dice.text(0),
            },
            24..26 => Self::Flashes,
            26..31 => Self::Session,
            31 => Self::Untouched,
            32 => Self::Index,
            33 => Self::LoginForm,
            34 => Self::Missing,
            37 => Self::WrongMethod,
            _ => Self::Fail,
        }
    }

    /// Returns the step's request.
    #[must_use]
    pub fn request(&self) -> Request {
        match self {
            Self::Index => Request::get("/"),
            Self::Visit => Request::get("/visit"),
            Self::VisitByHead => Request::head("/visit"),
            Self::LoginForm => Request::get("/login"),
            Self::Login(username) => Request::post("/login", &[("username", username)]),
            Self::Profile => Request::get("/profile"),
            Self::Logout => Request::post("/logout", &[]),
            Self::Add(product) => Request::post(&format!("/add_to_cart/{}", encoded(product)), &[]),
            Self::Cart => Request::get("/cart"),
            Self::Permanent(on) => {
                Request::post("/permanent", &[("on", if *on { "1" } else { "0" })])
            }
            Self::Flash { message, category } => {
                Request::post("/flash", &[("message", message), ("category", category)])
            }
            Self::Flashes => Request::get("/flashes"),
            Self::Session => Request::get("/session"),
            Self::Untouched => Request::get("/untouched"),
            Self::Missing => Request::get("/missing"),
            Self::WrongMethod => Request::get("/logout"),
            Self::Fail => Request::get("/fail"),
        }
    }
}

/// The expected response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// One of these statuses: frameworks differ in their answer to a wrong method.
    pub status: &'static [u16],
    /// `Location`.
    pub location: Option<&'static str>,
    /// The body.
    pub body: Body,
    /// The cookie.
    pub cookie: Sent,
    /// Whether the handler asked for the session.
    pub asked: bool,
}

/// An expected body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// This text.
    Text(String),
    /// This JSON value, in any notation.
    Json(Value),
    /// A page, whose design is free.
    Any,
}

/// The effect on the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No `Set-Cookie`.
    Nothing,
    /// The browser deletes the cookie.
    Removal,
    /// The browser keeps the cookie until it ends.
    Session,
    /// The browser keeps the cookie for longer.
    Permanent,
}

/// The session as a plain map, by the rules of `SecureCookieSessionInterface.save_session`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// The content.
    pub map: Map<String, Value>,
}

impl Model {
    /// Applies a step, and returns the response that a server must give.
    ///
    /// # Panics
    /// Panics when a value that was pushed to is no list.
    pub fn step(&mut self, action: &Action) -> Expected {
        let (mut changed, mut asked, mut status, mut location) = (true, true, &[200][..], None);
        let body = match action {
            Action::Visit | Action::VisitByHead => {
                let visits = self.map.get("visits").and_then(Value::as_u64).unwrap_or(0) + 1;
                self.map.insert("visits".into(), visits.into());
                let text = format!("You have visited this page {visits} times");
                Body::Text(if *action == Action::Visit {
                    text
                } else {
                    String::new()
                })
            }
            Action::Login(username) => {
                self.map.insert("username".into(), username.as_str().into());
                self.map.insert("user_id".into(), 123.into());
                self.flash("success", &format!("Logged in as {username}"));
                (status, location) = (&[303], Some("/profile"));
                Body::Any
            }
            Action::Profile => {
                changed = false;
                match self.map.get("username").and_then(Value::as_str) {
                    Some(username) => Body::Text(format!("Welcome {}!", escaped(username))),
                    None => {
                        (status, location) = (&[303], Some("/login"));
                        Body::Any
                    }
                }
            }
            Action::Logout => {
                self.map.clear();
                Body::Text("Logged out successfully!".into())
            }
            Action::Add(product) => {
                self.push("cart", product.as_str().into());
                Body::Text(format!("Added product {product} to cart"))
            }
            Action::Cart => {
                changed = false;
                Body::Json(self.map.get("cart").cloned().unwrap_or_else(|| json!([])))
            }
            Action::Fail => {
                let failures = self
                    .map
                    .get("failures")
                    .and_then(Value::as_u64)
                    .unwrap_or(0)
                    + 1;
                self.map.insert("failures".into(), failures.into());
                status = &[500];
                Body::Text(format!("This page has failed {failures} times"))
            }
            Action::Permanent(on) => {
                self.map.insert("_permanent".into(), (*on).into());
                Body::Text("ok".into())
            }
            Action::Flash { message, category } => {
                self.flash(category, message);
                Body::Text("ok".into())
            }
            Action::Flashes | Action::Index => {
                let taken = self.map.remove("_flashes");
                changed = taken.is_some();
                let taken = taken.unwrap_or_else(|| json!([]));
                if *action == Action::Index {
                    Body::Any
                } else {
                    Body::Json(taken)
                }
            }
            Action::Session => {
                changed = false;
                Body::Json(self.map.clone().into())
            }
            Action::Untouched | Action::LoginForm | Action::Missing | Action::WrongMethod => {
                (changed, asked) = (false, false);
                match action {
                    Action::Untouched => Body::Text("nothing".into()),
                    Action::LoginForm => Body::Any,
                    _ => {
                        status = if *action == Action::Missing {
                            &[404]
                        } else {
                            &[404, 405]
                        };
                        Body::Any
                    }
                }
            }
        };
        let permanent = self.map.get("_permanent") == Some(&true.into());
        let cookie = match (self.map.is_empty(), changed, permanent) {
            (true, true, _) => Sent::Removal,
            (true, false, _) | (false, false, false) => Sent::Nothing,
            (false, true, false) => Sent::Session,
            (false, _, true) => Sent::Permanent,
        };
        Expected {
            status,
            location,
            body,
            cookie,
            asked,
        }
    }

    fn push(&mut self, key: &str, item: Value) {
        let list = self.map.entry(key).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(item);
    }

    fn flash(&mut self, category: &str, message: &str) {
        self.push("_flashes", json!([category, message]));
    }
}

/// Escapes HTML as markupsafe and the tour do.
#[must_use]
pub fn escaped(text: &str) -> String {
    [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&#34;"),
        ("'", "&#39;"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Splitmix64: a seed gives one sequence on every machine.
#[derive(Debug, Clone)]
pub struct Dice(
    /// The seed.
    pub u64,
);

impl Dice {
    /// Returns a number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Returns between `least` and seven pieces of text that people type or that break parsers.
    /// They contain no slash, since no path segment does.
    fn text(&mut self, least: u64) -> String {
        const PIECES: [&str; 34] = [
            "a",
            "Zoë",
            "mug",
            "0",
            " ",
            "  ",
            "\"",
            "'",
            "\\",
            "<b>",
            "&amp;",
            "&",
            "%",
            "%41",
            "+",
            "?",
            "#",
            ";",
            ",",
            "=",
            ".",
            "..",
            "\n",
            "\r\n",
            "\t",
            "\0",
            "\u{7f}",
            "Grüße",
            "🎉",
            "日本",
            "e\u{301}",
            "\u{2028}",
            "\u{ffff}",
            "\u{10ffff}",
        ];
        let pieces = least + self.below(8 - least);
        (0..pieces)
            .map(|_| PIECES[usize::try_from(self.below(PIECES.len() as u64)).unwrap()])
            .collect()
    }
}
