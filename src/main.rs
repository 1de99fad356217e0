//! The binary: reads the command line, does what it says, and ends with an exit code.

use std::io::Write;
use std::process::ExitCode;

use caseloom::cli::{Cli, Exit, dispatch};
use clap::Parser;

// Alerts are many small allocations from several threads, for which mimalloc is faster than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => Exit::Success.into(),
        Err(error) => {
            let exit = error.exit();
            report(&error.into());
            exit.into()
        }
    }
}

/// One line for the error and one for each cause. Standard error may be gone; the exit code still tells.
fn report(error: &anyhow::Error) {
    let mut stderr = std::io::stderr().lock();
    let lines = error
        .chain()
        .enumerate()
        .try_for_each(|(depth, cause)| match depth {
            0 => writeln!(stderr, "error: {cause}"),
            _ => writeln!(stderr, "  caused by: {cause}"),
        });
    drop(lines);
}
