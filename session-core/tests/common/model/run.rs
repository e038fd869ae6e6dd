//! Requests on a session and on the model, in the formats of cookies.

use session_core::{Error, Sessions};

use super::{Model, Operation};
use crate::common::visit;

/// Runs several requests of some operations each, from one browser, in a format of cookies. Ends
/// early when a session does not fit.
pub fn run(sessions: &Sessions, requests: &[Vec<Operation>]) {
    let flask = sessions.is_flask();
    let (mut model, mut jar) = (Model::new(flask), None::<String>);
    for operations in requests {
        model.begin();
        let cookies: Vec<&str> = jar.as_deref().into_iter().collect();
        let closed = visit(sessions, &cookies, |session| {
            model.check_reopened(session);
            operations
                .iter()
                .for_each(|operation| model.apply(session, operation));
            Ok(())
        });
        let closed = match closed {
            Ok(closed) => closed,
            Err(Error::TooLarge { .. }) => return,
            Err(error) => panic!("{error}"),
        };
        let empty = model.is_blank();
        assert_eq!(
            closed.removes(),
            empty && model.modified && (flask || jar.is_some())
        );
        // Flask refreshes a permanent session with each response.
        let refreshed = flask && jar.is_some() && model.is_permanent();
        assert_eq!(
            closed.cookie().is_some(),
            !empty && (model.modified || refreshed)
        );
        if let Some(cookie) = closed.cookie() {
            let expires = if flask { "; Expires=" } else { "; Max-Age=" };
            assert_eq!(
                closed.set_cookie().unwrap().contains(expires),
                model.is_permanent()
            );
            jar = Some(cookie.to_owned());
        } else if closed.removes() {
            jar = None;
        }
        if empty {
            // An empty session leaves no trace: permanence must be set again in the next one.
            model.permanent = false;
        }
    }
}
