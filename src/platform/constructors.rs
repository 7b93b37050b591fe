//! The module's constructors, run once, when a session is loaded, a helper is asked or WebGPU is opened.
//!
//! cubecl registers its kernels' operations by constructors (crate inventory, hundreds of them). The
//! linker takes a module that never calls them itself for a program that is entered once, and has every
//! export run them first; wasm-bindgen's glue enters a module for each object it passes, so that more
//! than half of a step on WebGPU went into them. That the symbol is called here tells the linker not to.
//! This can go when wasm-bindgen does it.

use std::sync::Once;

static ONCE: Once = Once::new();

#[allow(
    unsafe_code,
    reason = "the linker's symbol has no other door; it takes nothing and only registers"
)]
mod linker {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }

    pub(super) fn run_constructors() {
        // SAFETY: it is the linker's own function, called once an instance, as it expects.
        unsafe { __wasm_call_ctors() }
    }
}

/// Runs them, unless they have run.
pub(crate) fn run_constructors() {
    ONCE.call_once(linker::run_constructors);
}
