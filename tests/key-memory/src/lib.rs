//! An allocator that copies the blocks that a program frees, so that a test can look for keys in
//! them.
//!
//! This is the only unsafe code of the repository, and it is no part of the libraries. It sees
//! freed blocks of the heap and nothing else: not the stack, not registers, not memory that the
//! operating system's own functions allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

/// The allocator: `#[global_allocator] static SPY: Spy = Spy;`.
///
/// Blocks are zeroed when they are allocated, so the content of a freed block was written by its
/// owner.
#[derive(Debug)]
pub struct Spy;

thread_local! {
    static WATCHES: Cell<bool> = const { Cell::new(false) };
    static FREED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

// SAFETY: all memory comes from the system allocator, and returns to it with the caller's layout.
unsafe impl GlobalAlloc for Spy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // The copies themselves are not recorded when they are freed.
        if WATCHES.replace(false) {
            // SAFETY: the caller owns `layout.size()` bytes there, which `alloc` has zeroed.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            // The watched work may have panicked: its thread then stops watching, and frees this
            // list.
            let _ = FREED.try_with(|freed| freed.borrow_mut().extend_from_slice(bytes));
            WATCHES.set(true);
        }
        // SAFETY: the caller's promise about `block` and `layout` is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Returns a copy of every block that this thread frees while `work` runs. The result of `work` is
/// not freed meanwhile.
pub fn freed_during<T>(work: impl FnOnce() -> T) -> Vec<u8> {
    FREED.with_borrow_mut(Vec::clear);
    WATCHES.set(true);
    let kept = work();
    WATCHES.set(false);
    drop(kept);
    FREED.take()
}
