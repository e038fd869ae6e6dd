//! What happens to the server between two steps of the requests.

use crate::stored::model_check::check::Violation;
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::scenario::EnvEvent;
use crate::stored::model_check::state::State;

impl State<'_> {
    /// Carries out an environment event. Returns whether a request noticed it already.
    pub(super) fn env_event(&mut self, env_event: EnvEvent) -> Result<bool, Violation> {
        self.env_events += 1;
        self.handling = env_event != EnvEvent::SwapKeys;
        match env_event {
            EnvEvent::SwapKeys => self.swapped = true,
            EnvEvent::Clock(by) | EnvEvent::DeleteExpired(by) => {
                self.now = self.now.checked_add_signed(by).unwrap();
                self.passed += u64::try_from(by).unwrap_or(0);
                self.set_back += u64::try_from(-by).unwrap_or(0);
                self.server.time.set(self.now);
            }
        }
        self.trace(|_| format!("-- {env_event:?}"));
        let mut noticed = matches!(env_event, EnvEvent::DeleteExpired(_));
        let now = self.now;
        self.history
            .values_mut()
            .for_each(|life| life.was_expired |= life.expires <= now);
        for number in 0..self.requests.len() {
            let sent = self
                .sent
                .iter()
                .find(|sent| sent.by == number && sent.waited_for);
            if sent.is_some_and(|sent| self.is_over(sent)) {
                self.deadline(number)?;
                noticed = true;
            }
        }
        if let EnvEvent::DeleteExpired(_) = env_event {
            self.store.delete_expired(self.now);
            self.history.values_mut().for_each(|life| {
                life.collected |= life.tombstone.is_some_and(|expires| expires <= now)
            });
        }
        for number in 0..self.requests.len() {
            // After the last environment event the handlers need not wait any longer.
            if !self.may_step()
                && let Stage::Opened(session) = &self.requests[number].stage
            {
                let session = session.clone();
                self.requests[number].stage = Stage::Ended;
                self.handle(number, &session)?;
                noticed = true;
            }
        }
        Ok(noticed)
    }
}
