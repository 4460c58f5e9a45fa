//! Parsing, binding, inlining and printing of SQL text, beside what the servers say.

mod bodies;
mod builtin;
mod parsers;
mod views;
