//! Migration files without a server: which there are, and what they say.

pub mod layout;
