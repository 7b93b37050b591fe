//! The module's allocator: the standard one, with large blocks at the beginning of a cache line.
//!
//! Burn's buffers and our kernels' are vectors of `f32`, which the standard allocator of wasm32 puts at
//! multiples of 8 bytes. SIMD loads of 16 bytes then cross cache lines or do not, as chance has laid the memory
//! out, and a slice of a batch takes up to a quarter longer, for seconds at a time (ARCHITECTURE.md, "Decisions"). What is
//! allocated when does not change. A program that links this crate for wasm32 can have no allocator of its own beside it.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe; it hands everything to the standard one"
)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Bytes of a cache line.
const LINE: usize = 64;
/// Blocks from this many bytes on are data; smaller ones would waste what they are aligned with.
const LARGE: usize = 1_024;

struct LineAligned;

#[global_allocator]
static ALLOCATOR: LineAligned = LineAligned;

/// The same for every block of a layout, so that it is given back as it was taken.
fn aligned(layout: Layout) -> Layout {
    if layout.size() < LARGE {
        return layout;
    }
    layout.align_to(LINE).unwrap_or(layout)
}

// SAFETY: every call is the standard allocator's own, with a layout that depends on the block's alone.
unsafe impl GlobalAlloc for LineAligned {
    #[inline(never)] // Else it is written out wherever something is allocated: a twenty-fifth of the module.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(aligned(layout)) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(aligned(layout)) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, aligned(layout)) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.size() < LARGE && new_size < LARGE {
            return unsafe { System.realloc(block, layout, new_size) };
        }
        // The standard one keeps the alignment of the old block only.
        let Ok(new) = Layout::from_size_align(new_size, layout.align()) else {
            return std::ptr::null_mut();
        };
        unsafe {
            let moved = self.alloc(new);
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}
