//! The actions of a person with a browser, and what the browser shows.

use std::ops::AsyncFn;
use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::cookies::Cookie;
use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::machine::{Driver, Profile, Programs};

/// How long anything may take; far more than it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Chromium, headless, with a profile of its own.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    programs: Programs,
    // In this order: the browser ends before its profile goes.
    driver: Driver,
    profile: Profile,
}

impl Browser {
    pub(crate) async fn start(programs: Programs) -> Self {
        let profile = Profile::new();
        let driver = Driver::start(&programs);
        let client = connect(&driver, &profile, &programs).await;
        Self {
            client,
            programs,
            driver,
            profile,
        }
    }

    /// Quits as a person does, and starts again with the same profile.
    pub(crate) async fn restart(&mut self) {
        self.client.clone().close().await.unwrap();
        self.client = connect(&self.driver, &self.profile, &self.programs).await;
    }

    /// Loads an address, as if typed.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        self.loaded().await;
    }

    /// Follows a link or sends a form that replaces the whole page.
    pub(crate) async fn follow(&self, xpath: &str) {
        self.script("window.left = true").await.unwrap();
        self.click(xpath).await;
        self.loaded().await;
    }

    /// The page's own reload link.
    pub(crate) async fn reload(&self) {
        self.follow("//a[normalize-space()='Reload the page']")
            .await;
    }

    /// The back button: whether there was something to go back to.
    pub(crate) async fn back(&self) -> bool {
        self.client.back().await.unwrap();
        self.loaded_again().await;
        self.address().await.starts_with("http:")
    }

    /// Presses a control whose answer comes in the panel, and gives that answer.
    pub(crate) async fn press(&self, xpath: &str) -> String {
        self.script("frames.answer.left = true").await.unwrap();
        self.click(xpath).await;
        self.until(&format!("an answer to {xpath}"), async || {
            let answer =
                "return frames.answer.left || frames.answer.document.readyState !== 'complete'
                ? null : frames.answer.document.body.innerText.trim()";
            Some(self.script(answer).await?.as_str()?.to_owned())
        })
        .await
    }

    /// The same where the answer in the panel is another site's, and only the driver can look into it.
    pub(crate) async fn press_foreign(&self, xpath: &str, answer: &str) {
        self.click(xpath).await;
        self.until(&format!("'{answer}' to {xpath}"), async || {
            self.client.clone().enter_frame(0).await.ok()?;
            let text = self.script("return document.body.innerText.trim()").await;
            self.client.clone().enter_parent_frame().await.unwrap();
            (text? == answer).then_some(())
        })
        .await;
    }

    /// Presses the page's button of this label.
    pub(crate) async fn press_button(&self, label: &str) -> String {
        self.press(&button(label)).await
    }

    pub(crate) async fn fill(&self, field: &str, text: &str) {
        let field = self.element(&format!("//*[@name='{field}']")).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The texts that are seen of all elements that match, in order, each as one line.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await.unwrap() {
            let text = element.text().await.unwrap();
            texts.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        texts
    }

    /// The text of the one element that matches.
    pub(crate) async fn text(&self, css: &str) -> String {
        match self.texts(css).await.as_slice() {
            [text] => text.clone(),
            texts => panic!(
                "expected one {css} on {}, found {texts:?}",
                self.address().await
            ),
        }
    }

    /// All that there is of the page and of the panel in it, seen or not.
    pub(crate) async fn everything(&self) -> String {
        let panel =
            "try { return frames.answer.document.documentElement.outerHTML } catch { return '' }";
        let panel = self.script(panel).await.unwrap();
        self.client.source().await.unwrap() + panel.as_str().unwrap()
    }

    pub(crate) async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// The cookies that the browser would send to the page's address, as the browser knows them.
    pub(crate) async fn cookies(&self) -> Vec<Cookie<'static>> {
        self.client.get_all_cookies().await.unwrap()
    }

    pub(crate) async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Opens another tab, and turns to it.
    pub(crate) async fn new_tab(&self) -> WindowHandle {
        let tab: WindowHandle = self.client.new_window(true).await.unwrap().handle;
        self.turn_to(&tab).await;
        tab
    }

    pub(crate) async fn turn_to(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
    }

    /// Runs a script in the page: for what a person sees and WebDriver has no word for.
    pub(crate) async fn script(&self, script: &str) -> Option<Value> {
        self.client.execute(script, Vec::new()).await.ok()
    }

    /// The size of the page's window and the user's taste in colours.
    pub(crate) async fn look(&self, width: u32, height: i64, colours: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600 });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
            .await;
        self.devtools("Emulation.setEmulatedMedia", &media).await;
        self.until("the window's new look", async || {
            let there = format!(
                "return matchMedia('(width: {width}px) and (height: {height}px) and (prefers-color-scheme: {colours})')
                    .matches"
            );
            (self.script(&there).await? == true).then_some(())
        })
        .await;
    }

    /// By how much the page is wider and higher than the window.
    pub(crate) async fn overflow(&self) -> [i64; 2] {
        let overflow = "const page = document.documentElement;
            return [page.scrollWidth - page.clientWidth, page.scrollHeight - page.clientHeight]";
        let overflow = self.script(overflow).await.unwrap();
        [0, 1].map(|side| overflow[side].as_i64().unwrap())
    }

    pub(crate) async fn screenshot(&self, file: &Path) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    async fn devtools(&self, command: &str, parameters: &Value) {
        let session = self.client.session_id().await.unwrap().unwrap();
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        let answer = self
            .driver
            .post(&format!("/session/{session}/goog/cdp/execute"), &body)
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{command}: {answer}");
    }

    async fn click(&self, xpath: &str) {
        let element = self.element(xpath).await;
        // The driver itself scrolls only just into the window, and may leave it under the dock.
        let scroll = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.client
            .execute(scroll, vec![serde_json::to_value(&element).unwrap()])
            .await
            .unwrap();
        element.click().await.unwrap();
    }

    async fn element(&self, xpath: &str) -> Element {
        self.client.find(Locator::XPath(xpath)).await.unwrap()
    }

    /// Waits until there is a whole page, and another one than that which was left.
    async fn loaded(&self) {
        self.until("a new page", async || {
            let loaded = self
                .script("return !window.left && document.readyState === 'complete'")
                .await?;
            (loaded == true).then_some(())
        })
        .await;
    }

    /// The same for the history, which may show the very page that was left, or only turn the panel back.
    async fn loaded_again(&self) {
        self.until("a page of the history", async || {
            (self
                .script("return document.readyState === 'complete'")
                .await?
                == true)
                .then_some(())
        })
        .await;
    }

    async fn until<T>(&self, what: &str, probe: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = probe().await {
                return seen;
            }
            if Instant::now() > deadline {
                panic!(
                    "waited in vain for {what} on {}: {}",
                    self.address().await,
                    self.everything().await
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn button(label: &str) -> String {
    format!("//button[normalize-space()='{label}']")
}

async fn connect(driver: &Driver, profile: &Profile, programs: &Programs) -> Client {
    let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
    builder.capabilities(profile.capabilities(programs));
    builder.connect(&driver.url()).await.unwrap()
}
