//! The impersonation tester on real servers: what it sees, what it must not do, and whether it would notice.

mod agreement;
mod buckets;
mod doors;
mod ends;
mod fixtures;
mod generated;
mod killed;
mod landed;
mod logged;
mod outcomes;
mod planted;
mod rights;
mod safety;
mod seeding;
mod shown;
mod taken;
mod together;
mod topics;
mod trials;
mod unanswered;
mod world;
mod writes;
