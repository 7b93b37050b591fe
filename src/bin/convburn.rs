//! The command line: `convburn train | evaluate | predict | info`. All of it is the library's room `cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A step asks for the same large pieces of memory again and again. The system's allocator gives each back and gets new pages for
/// it, which took an eighth of a step of a network with large maps.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    convburn::cli::main()
}
