//! An allocator that keeps a copy of what a program gives back, so that a test can look for keys in it.
//!
//! The only unsafe code beside the libraries, and no part of them. It sees freed blocks of the heap, and nothing else: not
//! the stack, not registers, not what the operating system's own functions allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

/// The allocator: `#[global_allocator] static SPY: Spy = Spy;`.
///
/// Blocks are handed out zeroed, so that what is found in a freed one was written by who freed it.
#[derive(Debug)]
pub struct Spy;

thread_local! {
    static WATCHES: Cell<bool> = const { Cell::new(false) };
    static FREED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

// SAFETY: all memory is the system allocator's, asked for and given back with the layout that the caller names.
unsafe impl GlobalAlloc for Spy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises of `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // Not what the copies themselves give back.
        if WATCHES.replace(false) {
            // SAFETY: the caller owns `layout.size()` bytes there, which `alloc` has zeroed.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            // What watched may have panicked: its thread then ends watching, and gives this list back.
            let _ = FREED.try_with(|freed| freed.borrow_mut().extend_from_slice(bytes));
            WATCHES.set(true);
        }
        // SAFETY: as the caller promises of `block` and `layout`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Everything that this thread gives back while `work` runs, block after block; without what `work` returns.
pub fn freed_during<T>(work: impl FnOnce() -> T) -> Vec<u8> {
    FREED.with_borrow_mut(Vec::clear);
    WATCHES.set(true);
    let kept = work();
    WATCHES.set(false);
    drop(kept);
    FREED.take()
}
