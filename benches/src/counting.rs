//! An allocator that counts.

use core::ops::Sub;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with counts of the requests.
pub struct Counting {
    times: AtomicU64,
    bytes: AtomicU64,
    held: AtomicU64,
}

/// The requests so far; the difference of two counts is what was requested in between.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Allocations, and reallocations.
    pub times: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Sub for Asked {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            times: self.times - before.times,
            bytes: self.bytes - before.bytes,
        }
    }
}

impl Counting {
    /// An allocator with counts of 0.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "for a static alone")]
    pub const fn new() -> Self {
        Self {
            times: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            held: AtomicU64::new(0),
        }
    }

    /// The requests so far.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            times: self.times.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }

    /// The bytes held now, as rounded by glibc.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    fn took(&self, size: usize) {
        self.times.fetch_add(1, Relaxed);
        self.bytes.fetch_add(size as u64, Relaxed);
        self.held.fetch_add(chunk(size), Relaxed);
    }
}

/// glibc's `malloc` adds 8 bytes to each and rounds up to multiples of 16, at least 32.
const fn chunk(size: usize) -> u64 {
    let chunk = (size as u64 + 8).next_multiple_of(16);
    if chunk < 32 { 32 } else { chunk }
}

// SAFETY: every call is the system's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.held.fetch_sub(chunk(layout.size()), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.held.fetch_sub(chunk(layout.size()), Relaxed);
        self.took(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
