//! The `mapper` command: everything of it is in the library's `cli` module.

use std::process::ExitCode;

fn main() -> ExitCode {
    mapper::cli::main()
}
