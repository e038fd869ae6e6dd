//! The back button, tabs, a restart, and the look of the page.

use super::*;

#[test]
fn the_back_button_shows_nothing_after_a_logout() {
    scenario(async |browser| {
        let (name, tour) = ("Ada Lovelace", Tour::start(&[]));
        log_in(&browser, &tour, name).await;
        browser.open(&tour.url("/")).await;
        assert!(browser.everything().await.contains(name));
        browser.press(PROFILE).await;
        browser.press_button("Log out").await;
        browser.reload().await;
        assert_logged_out(&browser).await;

        let mut seen = Vec::new();
        while browser.back().await {
            assert!(
                !browser.everything().await.contains(name),
                "{} after {seen:?}",
                browser.address().await
            );
            seen.push(browser.address().await);
        }
        // Both pages were asked for anew; who is not logged in is sent from the profile to the login page.
        let (index, login) = (tour.url("/"), tour.url("/login"));
        seen.dedup();
        assert_eq!(seen, [index, login]);
    });
}

#[test]
fn two_tabs_have_one_session() {
    scenario(async |browser| {
        let tour = Tour::start(&[]);
        browser.open(&tour.url("/")).await;
        let first = browser.tab().await;
        let second = browser.new_tab().await;
        browser.open(&tour.url("/")).await;
        browser.fill("username", "Ada").await;
        browser.press_button("Log in").await;

        browser.turn_to(&first).await;
        assert_logged_out(&browser).await;
        browser.reload().await;
        assert_logged_in(&browser, "Ada").await;
        assert_eq!(browser.texts(".banner").await, ["success Logged in as Ada"]);

        browser.turn_to(&second).await;
        browser.reload().await;
        assert_logged_in(&browser, "Ada").await;
        assert_eq!(
            browser.texts(".banner").await,
            [""; 0],
            "the other tab showed it"
        );
        browser.press_button("Log out").await;

        browser.turn_to(&first).await;
        assert_logged_in(&browser, "Ada").await;
        browser.reload().await;
        assert_logged_out(&browser).await;
    });
}

#[test]
fn only_the_permanent_session_outlives_the_browser() {
    scenario(async |mut browser| {
        let tour = Tour::start(&[]);
        log_in(&browser, &tour, "Ada").await;
        browser.restart().await;
        browser.open(&tour.url("/")).await;
        assert_logged_out(&browser).await;

        log_in(&browser, &tour, "Ada").await;
        browser.open(&tour.url("/")).await;
        assert_eq!(browser.press_button("Remember me").await, "ok");
        assert!(cookie(&browser).await.expires_datetime().is_some());
        browser.restart().await;
        drop(tour);
        let tour = Tour::start(&[]);
        browser.open(&tour.url("/")).await;
        assert_logged_in(&browser, "Ada").await;

        assert_eq!(browser.press_button("Forget me").await, "ok");
        assert_eq!(cookie(&browser).await.expires_datetime(), None);
        browser.restart().await;
        browser.open(&tour.url("/")).await;
        assert_logged_out(&browser).await;
    });
}

#[test]
fn the_page_fits_narrow_and_wide_windows() {
    scenario(async |browser| {
        let tour = Tour::start(&[]);
        browser.open(&tour.url("/")).await;
        browser.press(SESSION).await;
        photograph(&browser, "empty").await;

        browser.open(&tour.url("/login")).await;
        photograph(&browser, "login").await;

        log_in(&browser, &tour, "Ada Lovelace").await;
        browser.open(&tour.url("/")).await;
        for product in ["Espresso", "Mug", "Mug", "Bag of beans"] {
            browser.press_button(product).await;
        }
        for _ in 0..3 {
            browser.press(VISIT).await;
        }
        browser.press_button("Remember me").await;
        browser.press_button("Flash it").await;
        browser.reload().await;
        browser.press(SESSION).await;
        photograph(&browser, "filled").await;

        // As wide as it can be: what is in the session may be anything.
        let long = "Wolfeschlegelsteinhausenbergerdorff".repeat(8);
        browser.fill("message", &long).await;
        browser.press_button("Flash it").await;
        log_in(&browser, &tour, &long).await;
        browser.open(&tour.url("/")).await;
        browser.press(PROFILE).await;
        photograph(&browser, "long").await;
    });
}

/// Looks at the page in windows of every kind: it never scrolls sideways. Leaves pictures in `<target>/screenshots` for
/// a person to look at.
async fn photograph(browser: &Browser, name: &str) {
    // `<target>/tmp` is Cargo's for integration tests.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    for width in [320, 390, 768, 1280] {
        for colours in ["light", "dark"] {
            browser.look(width, 800, colours).await;
            let [wide, high] = browser.overflow().await;
            assert!(wide <= 0, "{name}: {wide} px too wide for {width} px");
            // The whole page, with the dock at its end.
            browser.look(width, 800 + high, colours).await;
            browser
                .screenshot(&folder.join(format!("{name}-{width}-{colours}.png")))
                .await;
        }
    }
}
