//! The program itself, from the outside.
