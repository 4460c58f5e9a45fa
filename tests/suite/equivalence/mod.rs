//! The keystone: replayed offline and run on a real server, the same migrations give the same model.

mod base;
mod cases;
mod compare;
mod dumps;
mod fixtures;
mod generate;
mod initial;
mod meaning;
mod permitted;
mod projects;
mod rich;
mod world;
