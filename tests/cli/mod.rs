//! The command line as a user meets it: the binary, its exit codes, what it prints where.

mod alone;
mod coverage;
mod hello;
mod help;
mod ids;
mod refused;
mod stopped;
mod world;
