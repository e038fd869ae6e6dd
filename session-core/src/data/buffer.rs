//! A thread's buffer for a session's text that is encoded into a cookie and then needed no more.
//!
//! It saves one allocation for each cookie that is written.

use std::cell::Cell;

/// The largest buffer that a thread holds on to.
const LARGEST: usize = 4096;

thread_local! {
    static BUFFER: Cell<String> = const { Cell::new(String::new()) };
}

/// Calls `write` with an empty buffer.
pub(crate) fn with_buffer<R>(write: impl FnOnce(&mut String) -> R) -> R {
    // While it is taken, or when the thread is ending, a new one does instead.
    let mut text = BUFFER.try_with(Cell::take).unwrap_or_default();
    let result = write(&mut text);
    if text.capacity() <= LARGEST {
        text.clear();
        let _ = BUFFER.try_with(|buffer| buffer.set(text));
    }
    result
}
