//! What happens to the server between two steps.

use crate::stored::model_check::check::Violation;
use crate::stored::model_check::plan::Tick;
use crate::stored::model_check::request::Stage;
use crate::stored::model_check::run::World;

impl World<'_> {
    /// Whether it was noticed already.
    pub(super) fn tick(&mut self, tick: Tick) -> Result<bool, Violation> {
        self.ticks += 1;
        self.handling = tick != Tick::Swap;
        match tick {
            Tick::Swap => self.swapped = true,
            Tick::Clock(by) | Tick::Collect(by) => {
                self.now = self.now.checked_add_signed(by).unwrap();
                self.passed += u64::try_from(by).unwrap_or(0);
                self.set_back += u64::try_from(-by).unwrap_or(0);
                self.server.time.set(self.now);
            }
        }
        self.tell(|_| format!("-- {tick:?}"));
        let mut noticed = matches!(tick, Tick::Collect(_));
        let now = self.now;
        self.history
            .values_mut()
            .for_each(|life| life.lapsed |= life.expires <= now);
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
        if let Tick::Collect(_) = tick {
            self.store.delete_expired(self.now);
            self.history.values_mut().for_each(|life| {
                life.collected |= life.tombstone.is_some_and(|expires| expires <= now)
            });
        }
        for number in 0..self.requests.len() {
            // After the last tick nothing is won by waiting.
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
