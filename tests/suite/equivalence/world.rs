//! Both ways to a model: the replay, and a real server that is read.

use crate::support::{self, block_on, connect, explain};
use pgwitness::connector::introspect::introspect;
use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::replay::{self, Options, Replayed};
use pgwitness::migrations::split::{self, PieceKind};
use pgwitness::model::{Gap, Origin, Schema};
use pgwitness::shadow::{Platform, Server};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_postgres::Client;

/// The statements that were refused: by the first byte of each the SQLSTATE and the message.
pub(super) type Refused = BTreeMap<usize, (String, String)>;

/// How the gap begins that a statement leaves which is no SQL for us.
pub(super) const UNREAD: &str = "this statement was not understood";

/// A project of one file.
pub(super) fn project(text: &str) -> Project {
    let file = MigrationFile {
        path: "case.sql".to_owned(),
        role: FileRole::Migration,
        version: None,
        text: text.to_owned(),
        parts: std::iter::once(0..text.len()).collect(),
        transaction: true,
    };
    Project { layout: Layout::Plain, root: PathBuf::new(), files: vec![file], warnings: Vec::new() }
}

/// What the replay makes of `text`, and what it refuses.
pub(super) fn replayed(text: &str, major: u32, platform: Platform) -> (Replayed, Refused) {
    let options = Options { platform, major, exposed_schemas: None, closed: true };
    let replayed = replay::replay(&project(text), &options);
    let starts: Vec<usize> = split::split(text).iter().map(|piece| piece.range.start).collect();
    let unread = replayed.schema.gaps.iter().filter_map(|gap| match gap.origin {
        Origin::Statement(place) if gap.what.starts_with(UNREAD) => Some((place, gap.what.clone())),
        _ => None,
    });
    let unread: Vec<(usize, String)> =
        unread.map(|(place, what)| (usize::try_from(place.start).unwrap(), what)).collect();
    let refused = replayed.rejected.iter().map(|rejected| {
        let at = usize::try_from(rejected.place.start).unwrap();
        // A statement inside of a DO block belongs to the block.
        let statement = starts.iter().copied().filter(|start| *start <= at).max().unwrap_or(at);
        (statement, (rejected.sqlstate.to_owned(), rejected.message.clone()))
    });
    let refused = refused.chain(unread.into_iter().map(|(start, what)| (start, (UNREAD.to_owned(), what))));
    let refused = refused.collect();
    (replayed, refused)
}

/// What the replay did not understand; what it refuses is counted apart.
pub(super) fn gaps(replayed: &Replayed) -> impl Iterator<Item = &Gap> {
    let told = |gap: &&Gap| gap.what.starts_with("Postgres would refuse") || gap.what.starts_with(UNREAD);
    replayed.schema.gaps.iter().filter(move |gap| !told(gap))
}

/// A server whose databases and roles nobody else touches.
pub(super) struct World {
    server: Server,
    client: Client,
}

impl World {
    /// The one that the suites share, for what leaves nothing behind.
    pub(super) fn shared(major: u32, platform: Platform) -> Arc<Mutex<Self>> {
        type Worlds = BTreeMap<(u32, Platform), Arc<Mutex<World>>>;
        static WORLDS: Mutex<Worlds> = Mutex::new(BTreeMap::new());
        let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
        worlds.entry((major, platform)).or_insert_with(|| Arc::new(Mutex::new(Self::new(major, platform)))).clone()
    }

    pub(super) fn new(major: u32, platform: Platform) -> Self {
        let server = support::server(major, platform);
        let client = connect(&server, server.superuser(), "postgres");
        Self { server, client }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    fn execute(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        block_on(self.client.batch_execute(sql))
    }

    fn must(&self, sql: &str) {
        self.execute(sql).unwrap_or_else(|e| panic!("{sql}: {}", explain(&e)));
    }

    /// Runs the statements of `text` as the role `postgres`, each in a savepoint of its own, reads the model, and takes
    /// everything back.
    pub(super) fn run(&self, text: &str) -> (Schema, Refused) {
        self.must("begin");
        self.become_postgres();
        let mut refused = Refused::new();
        for piece in split::split(text).iter().filter(|piece| !matches!(piece.kind, PieceKind::Meta)) {
            assert_eq!(piece.kind, PieceKind::Statement, "{:?}", &text[piece.range.clone()]);
            let sql = &text[piece.range.clone()];
            let sql = sql.trim_end_matches(';');
            // Apart from the statement, or a syntax error would take the savepoint along.
            self.must("savepoint one");
            if let Err(error) = self.execute(sql) {
                self.must("rollback to one");
                refused.insert(piece.range.start, refusal(&error));
            }
            self.must("release one");
        }
        self.become_superuser();
        let schema = block_on(introspect(&self.client)).unwrap_or_else(|e| panic!("{e}\n{text}"));
        self.must("rollback");
        (schema, refused)
    }

    /// Likewise for text with transactions of its own, which stays: the world is used up.
    pub(super) fn run_apart(self, text: &str) -> (Schema, Refused) {
        let refused = self.stay(text);
        (self.read(), refused)
    }

    /// Runs the statements of `text` for good; one that fails in a transaction does not end that.
    pub(super) fn stay(&self, text: &str) -> Refused {
        const CONTROL: [&str; 8] = ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"];
        self.become_postgres();
        let mut refused = Refused::new();
        for piece in split::split(text) {
            let sql = &text[piece.range.clone()];
            let first = sql.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            let inside = !CONTROL.contains(&first) && self.execute("savepoint one").is_ok();
            if let Err(error) = self.execute(sql) {
                refused.insert(piece.range.start, refusal(&error));
                if inside {
                    self.must("rollback to one");
                }
            }
            if inside {
                self.must("release one");
            }
        }
        self.must("rollback");
        self.become_superuser();
        refused
    }

    /// Does something while the role `postgres` may do everything.
    pub(super) fn as_postgres(&self, act: impl FnOnce()) {
        self.become_postgres();
        act();
        self.become_superuser();
    }

    fn become_postgres(&self) {
        if self.server.superuser() != "postgres" {
            self.must("alter role postgres superuser; set session authorization postgres");
        }
    }

    fn become_superuser(&self) {
        self.must("reset session authorization; reset role");
        if self.server.superuser() != "postgres" {
            self.must("alter role postgres nosuperuser");
        }
    }

    /// Reads the model in a snapshot of its own.
    pub(super) fn read(&self) -> Schema {
        self.must("begin isolation level repeatable read read only");
        let schema = block_on(introspect(&self.client)).unwrap_or_else(|e| panic!("{e}"));
        self.must("rollback");
        schema
    }
}

fn refusal(error: &tokio_postgres::Error) -> (String, String) {
    let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
    (code, explain(error))
}
