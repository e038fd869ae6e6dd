//! 64 clients, whose requests are spread over both servers.

use std::time::Instant;

use futures_util::future::join_all;

use crate::client::{ask, send};
use crate::ledger::{Ledger, Take, Told};
use crate::place::Place;

const CLIENTS: usize = 64;

/// The requests of one client; each begins elsewhere, so that different ones meet.
const KINDS: [&str; 6] = ["count", "push", "all", "flash", "take", "all"];

/// All requests of one client, each after the answer to the last, at one server and the other by turns.
async fn visit(place: &Place, client: usize, cookie: &str) -> Ledger {
    let mut ledger = Ledger::default();
    for number in 0..KINDS.len() {
        let kind = KINDS[(client + number) % KINDS.len()];
        let item = format!("{client}.{number}");
        let path = match kind {
            "count" | "take" => format!("POST /{kind}"),
            _ => format!("POST /{kind}/{item}"),
        };
        let begun = Instant::now();
        let answer = send(place.servers[(client / 2 + number) % 2], &path, cookie).await;
        let answer = answer.ok().filter(|answer| answer.status == 200);
        let told = if answer.is_some() {
            Told::Done
        } else {
            Told::Unknown
        };
        ledger.requests += 1;
        ledger.acknowledged += usize::from(told == Told::Done);
        if matches!(kind, "count" | "all") {
            ledger.counts.push(told);
        }
        if matches!(kind, "push" | "all") {
            ledger.pushes.insert(item.clone(), told);
        }
        if matches!(kind, "flash" | "all") {
            ledger.flashes.insert(item, told);
        }
        match answer {
            Some(answer) => {
                assert_eq!(answer.cookie, None, "{path}");
                if kind == "take" {
                    let shown = serde_json::from_str(&answer.body).unwrap();
                    ledger.takes.push(Take {
                        begun,
                        ended: Instant::now(),
                        shown,
                    });
                }
            }
            None => ledger.unknown_takes += usize::from(kind == "take"),
        }
    }
    ledger
}

/// Both servers show the session as it was left; then its flashes are taken.
async fn check(place: &Place, cookie: &str, ledger: &Ledger) {
    let [one, other] = place.servers;
    let session = ask(one, "GET /", cookie).await.body;
    assert_eq!(session, ask(other, "GET /", cookie).await.body);
    let left: Vec<String> =
        serde_json::from_str(&ask(other, "POST /take", cookie).await.body).unwrap();
    ledger.check(&session, &left);
    assert_eq!(ask(one, "POST /take", cookie).await.body, "[]");
}

pub(crate) async fn sixty_four_share_a_session(place: &Place) {
    let cookie = ask(place.servers[0], "POST /login/shared", "")
        .await
        .cookie
        .unwrap();
    let mut ledger = Ledger::default();
    for visited in join_all((0..CLIENTS).map(|client| visit(place, client, &cookie))).await {
        ledger.add(visited);
    }
    assert_eq!(ledger.requests, CLIENTS * KINDS.len());
    check(place, &cookie, &ledger).await;
}

pub(crate) async fn sixty_four_have_their_own(place: &Place) {
    let own = (0..CLIENTS).map(|client| async move {
        let login = format!("POST /login/own-{client}");
        let cookie = ask(place.servers[client % 2], &login, "")
            .await
            .cookie
            .unwrap();
        let ledger = visit(place, client, &cookie).await;
        check(place, &cookie, &ledger).await;
        assert_eq!(place.sessions_of(&format!("own-{client}")).await, 1);
    });
    join_all(own).await;
}
