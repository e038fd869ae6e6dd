//! A process without a subscriber of `tracing`: standard error shows the start's warnings and the first error.

use std::process::Command;

use super::*;

const CHILD: &str = "SESSION_TEST_WITHOUT_SUBSCRIBER";
const ADVICE: &str = "begin `main` with `tracing_subscriber::fmt::init();`";

/// Runs in a process of its own, since another test of this one has set a subscriber.
#[tokio::test]
async fn child() {
    async fn wrong(session: Session) -> Result<String, Error> {
        session.insert("hunter2", "text")?;
        Ok(session.get::<i64>("hunter2")?.unwrap_or(0).to_string())
    }

    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let app = Router::new()
        .route("/", get(wrong))
        .layer(SessionLayer::new(Sessions::flask("dev").unwrap()));
    for _ in 0..3 {
        assert_eq!(send(&app, &[]).await.status(), 500);
    }
}

#[test]
fn standard_error_shows_warnings_and_the_first_error_once() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "silent::child", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("session: "))
        .collect();
    assert_eq!(lines.len(), 3, "{stderr}");
    assert!(
        lines[0].starts_with("WARN session: SECRET_KEY is weak: it has 3 bytes"),
        "{stderr}"
    );
    assert!(lines[1].contains(ADVICE), "{stderr}");
    assert!(
        lines[2].starts_with(
            "ERROR session: session key \"hunter2\" holds another type: found a string"
        ),
        "{stderr}"
    );
}
