//! A text that is gone again at once, without an allocation.

use std::cell::Cell;

/// What a thread keeps for good is small.
const LARGEST: usize = 4096;

/// Lends the thread's buffer, empty. Whoever asks for it while it is lent gets a new one.
pub(crate) fn scratch<R>(write: impl FnOnce(&mut String) -> R) -> R {
    thread_local! {
        static BUFFER: Cell<String> = const { Cell::new(String::new()) };
    }
    let mut text = BUFFER.try_with(Cell::take).unwrap_or_default();
    let result = write(&mut text);
    text.clear();
    if text.capacity() <= LARGEST {
        let _ = BUFFER.try_with(|buffer| buffer.set(text));
    }
    result
}
