//! A throw-away real Postgres of our own.

mod error;

pub use error::ShadowError;
