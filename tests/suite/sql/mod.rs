//! Parsing, binding and printing of SQL text, beside what the servers say.

mod builtin;
mod views;
