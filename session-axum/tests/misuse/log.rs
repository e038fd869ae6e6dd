//! The log of one test. Each test has a thread of its own.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns a function that returns the log of this thread since its last call. All threads share one subscriber: with one for
/// each, `tracing` may cache that no subscriber is interested in a line.
pub(crate) fn logged() -> impl Fn() -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false);
        subscriber.with_writer(|| Log).init();
    });
    LOG.take();
    || String::from_utf8(LOG.take()).unwrap()
}
