//! The `mapper` command: everything of it is in the library's `cli` module.

use std::process::ExitCode;

// Records are made by one task and dropped by another, which the system's allocator does at a third
// of the cost of a whole run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mapper::cli::main()
}
