//! The command line: `convburn train | evaluate | predict | info`. All of it is the library's room `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    convburn::cli::main()
}
