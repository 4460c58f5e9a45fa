//! The keystone: replayed offline and run on a real server, the same migrations give the same model.

mod base;
mod cases;
mod compare;
mod meaning;
mod permitted;
mod world;
