use super::*;

pub(super) const HOSTILE: &str = "</pre></style><script>alert('x')</script>\" onload=\"y";

fn pairs(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries
        .iter()
        .map(|(first, second)| ((*first).to_owned(), (*second).to_owned()))
        .collect()
}

fn empty() -> Page<'static> {
    Page {
        encrypted: false,
        framework: "axum",
        mode: "signed cookie",
        place: None,
        visits: 0.0,
        user: None,
        cart: &[],
        permanent: false,
        flashes: &[],
        inspector: &[],
        json: "{}",
    }
}

/// Checks that every element that is opened is closed, in order.
pub(super) fn assert_balanced(html: &str) {
    const VOID: [&str; 4] = ["meta", "link", "input", "!doctype"];
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let mut open = Vec::new();
    for tag in [before, after].concat().split('<').skip(1) {
        let name = tag.split([' ', '>', '\n']).next().unwrap().to_owned();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if VOID.contains(&name.as_str()) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn escape_covers_content_and_attributes() {
    assert_eq!(
        escape("a & <b> \"c\" 'd' é"),
        "a &amp; &lt;b&gt; &#34;c&#34; &#39;d&#39; é"
    );
}

#[test]
fn hostile_data_stays_text() {
    let (cart, rows) = ([HOSTILE.to_owned()], pairs(&[(HOSTILE, HOSTILE)]));
    let with = |change: fn(&mut Page<'_>)| {
        let mut page = empty();
        change(&mut page);
        page.render()
    };
    let cases = [
        with(|page| page.framework = HOSTILE),
        with(|page| page.mode = HOSTILE),
        with(|page| page.user = Some(HOSTILE)),
        with(|page| page.json = HOSTILE),
        Page {
            cart: &cart,
            ..empty()
        }
        .render(),
        Page {
            flashes: &rows,
            ..empty()
        }
        .render(),
        Page {
            inspector: &rows,
            ..empty()
        }
        .render(),
        login_form(HOSTILE),
    ];
    for html in cases {
        assert!(html.contains(&escape(HOSTILE)));
        assert!(
            !html.contains("<script") && !html.contains("\" onload"),
            "{html}"
        );
        assert_balanced(&html);
    }
}

#[test]
fn categories_choose_a_class_and_never_become_one() {
    let flashes = pairs(&[
        ("success", "1"),
        ("error", "2"),
        ("warning", "3"),
        ("info", "4"),
        ("message", "5"),
        ("x\" dock", "6"),
        ("", "7"),
    ]);
    let html = Page {
        flashes: &flashes,
        ..empty()
    }
    .render();
    for (class, category) in [
        ("success", "success"),
        ("error", "error"),
        ("warning", "warning"),
        ("info", "info"),
        ("neutral", "message"),
        ("neutral", "x&#34; dock"),
    ] {
        let banner = format!("<li class=\"banner {class}\"><strong>{category}</strong>");
        assert!(html.contains(&banner), "{banner}");
    }
    assert!(
        html.contains("<li class=\"banner neutral\"><span>7</span></li>"),
        "without a category"
    );
    assert!(html.contains("role=\"status\""));
}

#[test]
fn every_route_has_a_control() {
    let html = [
        empty().render(),
        Page {
            user: Some("ada"),
            ..empty()
        }
        .render(),
    ]
    .concat();
    for route in [
        "/",
        "/visit",
        "/login",
        "/profile",
        "/cart",
        "/flashes",
        "/session",
        "/untouched",
    ] {
        assert!(html.contains(&format!("href=\"{route}\"")), "{route}");
    }
    for route in [
        "/login",
        "/logout",
        "/permanent",
        "/flash",
        "/add_to_cart/espresso",
        "/add_to_cart/mug",
    ] {
        assert!(
            html.contains(&format!(
                "method=\"post\" action=\"{route}\" target=\"answer\""
            )),
            "{route}"
        );
    }
    for field in [
        "name=\"username\"",
        "name=\"message\"",
        "name=\"category\"",
        "name=\"on\" value=\"0\"",
    ] {
        assert!(html.contains(field), "{field}");
    }
    for category in ["success", "info", "warning", "error"] {
        assert!(
            html.contains(&format!("<option value=\"{category}\"")),
            "{category}"
        );
    }
    assert!(html.contains("<iframe name=\"answer\" title=\"The server's answer\""));
}

#[test]
fn product_ids_are_safe_in_a_path() {
    for (id, name) in PRODUCTS {
        assert!(
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{id}"
        );
        assert_eq!(&escape(name), name, "written into the page as it is");
    }
}

#[test]
fn an_empty_session_says_so() {
    let html = empty().render();
    assert!(html.contains("Your cart is empty"));
    assert!(html.contains("Not logged in") && html.contains("action=\"/login\""));
    assert!(!html.contains("action=\"/logout\"") && !html.contains("role=\"status\""));
    assert!(html.contains("<pre>{}</pre>"));
    assert_balanced(&html);
}

#[test]
fn a_full_session_is_shown() {
    let cart = ["mug", "espresso", "mug"].map(str::to_owned);
    let flashes = pairs(&[("info", "Hello")]);
    let inspector = pairs(&[("Size", "312 of 4096 bytes")]);
    let page = Page {
        visits: 1.0,
        user: Some("ada"),
        cart: &cart,
        permanent: true,
        flashes: &flashes,
        inspector: &inspector,
        ..empty()
    };
    let html = page.render();
    for part in [
        "<span class=\"figure\">1</span> visit<",
        "Logged in as <strong>ada</strong>",
        "<code>mug</code> <span>× 2</span>",
        "<code>espresso</code> <span>× 1</span>",
        "value=\"1\" aria-pressed=\"true\"",
        "value=\"0\" aria-pressed=\"false\"",
        "<span>Hello</span>",
        "<th scope=\"row\">Size</th><td>312 of 4096 bytes</td>",
        "<li class=\"framework\">axum</li><li>signed cookie</li>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("Your cart is empty") && !html.contains("Not logged in"));
    assert_balanced(&html);
}

#[test]
fn the_login_form_navigates_the_whole_page() {
    let html = login_form("axum");
    assert!(html.contains("<form class=\"stack\" method=\"post\" action=\"/login\">"));
    assert!(html.contains("name=\"username\"") && html.contains("<label for=\"username\">"));
    assert!(html.contains("href=\"/\"") && !html.contains("target="));
    assert_balanced(&html);
}

#[test]
fn the_pages_need_nothing_from_elsewhere() {
    for html in [empty().render(), login_form("axum")] {
        assert!(html.contains("lang=\"en\"") && html.contains("name=\"viewport\""));
        for part in [
            "<script",
            "javascript:",
            " src=",
            "@import",
            "url(",
            "https:",
        ] {
            assert!(!html.contains(part), "{part}");
        }
        let remote = html
            .replace("http://www.w3.org/2000/svg", "")
            .contains("http:");
        assert!(!remote, "only the namespace of the icon is an address");
    }
}

#[test]
fn a_stored_session_is_shown_as_one() {
    let page = Page {
        mode: "on the server",
        place: Some("the memory of <this>"),
        ..empty()
    }
    .render();
    assert_balanced(&page);
    for part in [
        "your cookie\nholds an id",
        "opens nothing any more",
        "Content in the memory of &lt;this&gt;",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("one signed cookie") && !page.contains("Keep secrets out"));
    assert!(empty().render().contains("Keep secrets out"));
}

#[test]
fn an_encrypted_session_is_shown_as_one() {
    let page = Page {
        mode: "encrypted cookie",
        encrypted: true,
        ..empty()
    }
    .render();
    assert_balanced(&page);
    assert!(page.contains("one encrypted cookie") && page.contains("neither be read nor changed"));
    assert!(!page.contains("Keep secrets out"));
}

#[test]
fn sessions_are_linked_where_they_can_be_listed() {
    let with = |place, user| {
        Page {
            place,
            user,
            ..empty()
        }
        .render()
    };
    let stored = with(Some("a store"), Some("ada"));
    assert!(stored.contains("href=\"/sessions\""));
    assert_balanced(&stored);
    for html in [with(None, Some("ada")), with(Some("a store"), None)] {
        assert!(!html.contains("href=\"/sessions\""));
    }
}
