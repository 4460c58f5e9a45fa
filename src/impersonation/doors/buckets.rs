//! Buckets of Supabase Storage, one after the other: whose files a guest lists, and whose it replaces.
//!
//! Storage asks the policies of `storage.objects` as the user of the request. So does this, in each bucket that there is and
//! in one that no policy names, with files that are put there for the guest and for another user: in folders that bear the
//! names which the policies may ask for. All of it is taken back.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryMessage;

use super::asked::{Asked, guarded};
use super::hidden::is_declared;
use crate::access::Declaration;
use crate::analyzer::decide::Which;
use crate::connector::ConnectError;
use crate::finding::Reproduce;
use crate::impersonation::cast::user_id;
use crate::impersonation::guest::{Guest, user_key};
use crate::impersonation::trial::{Answer, Session, Setting, failed};
use crate::model::{Command, Relation, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Surprise, SurpriseKind};

/// A bucket that no policy names: whoever reaches its files does so by a policy that holds in every bucket.
pub(super) const UNNAMED: &str = "pgwitness-bucket";
/// Folders of one's own, and of another user, at most.
const MOST: usize = 6;
/// The column of files that a guest lists.
const LISTED: &str = "pgwitness_listed";
/// The columns of what a rule says of a file.
const FILE: &str = "pgwitness_file";
const ALLOWED: &str = "pgwitness_allowed";

/// A guest before the buckets.
pub(super) struct Uploader<'t, 's, 'a> {
    pub(super) session: &'t Session<'s>,
    pub(super) setting: &'t Setting<'t, 'a>,
    pub(super) guest: &'t Guest,
    pub(super) claims: &'t str,
}

/// The files that are put into a bucket.
struct Files {
    own: Vec<String>,
    others: Vec<String>,
}

/// What rules say of files, those for which each is true.
type Allowed = BTreeSet<String>;

impl Uploader<'_, '_, '_> {
    /// Every bucket, listed and written to.
    pub(super) async fn all(&self) -> Result<Vec<DoorTrial>, ConnectError> {
        let schema = self.setting.effective.schema();
        let objects = guarded(self.setting, self.guest, ("storage", "objects"), ["bucket_id", "name"]);
        let Some(objects) = objects else { return Ok(Vec::new()) };
        let files = self.files(&Asked::of(self.setting, objects, &[]));
        let mut out = Vec::new();
        for bucket in schema.buckets.iter().map(|b| b.id.as_str()).chain([UNNAMED]) {
            let put = self.put(objects, bucket, &files);
            // What cannot be put there at all says nothing of the guest.
            if let Err(error) = self.session.send(&put).await? {
                let reason = format!("no file could be put into it: {}", error.message());
                out.push(self.trial(DoorKind::BucketList, bucket, &put, ProbeOutcome::NotTested { reason }));
                continue;
            }
            out.push(self.list(bucket, &put, &files).await?);
            out.push(self.overwrite(objects, bucket, &put, &files).await?);
        }
        Ok(out)
    }

    fn files(&self, asked: &Asked<'_, '_>) -> Files {
        let in_folder = |folder: &String| format!("{folder}/pgwitness.txt");
        let of = |user: usize| asked.values(user);
        let own = self.guest.user.map(of).unwrap_or_default();
        let others: Vec<_> = of(self.guest.other()).into_iter().filter(|name| !own.contains(name)).collect();
        Files {
            own: own.iter().take(MOST).map(in_folder).collect(),
            others: others.iter().take(MOST).map(in_folder).collect(),
        }
    }

    /// An INSERT of files, in columns that the table has.
    fn insert(&self, objects: &Relation, bucket: &str, files: &[(&str, String)]) -> String {
        let owned = ["owner", "owner_id"].into_iter().filter(|column| objects.column(column).is_some());
        let columns: Vec<_> = ["bucket_id", "name"].into_iter().chain(owned).collect();
        let row = |(name, owner): &(&str, String)| {
            let owner = format!("{}::{}", quote_literal(owner), "pg_catalog.text");
            let value = |column: &&str| match *column {
                "bucket_id" => quote_literal(bucket),
                "name" => quote_literal(name),
                "owner" => format!("({owner})::uuid"),
                _ => owner.clone(),
            };
            format!("({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<_> = files.iter().map(row).collect();
        format!("insert into storage.objects ({}) values {}", columns.join(", "), rows.join(", "))
    }

    /// Puts the files there with all rights.
    fn put(&self, objects: &Relation, bucket: &str, files: &Files) -> String {
        let seeded = self.setting.seeded;
        let me = self.guest.user.map_or_else(|| user_id(0), |user| user_key(seeded, user));
        let other = user_key(seeded, self.guest.other());
        let own = files.own.iter().map(|name| (name.as_str(), me.clone()));
        let all: Vec<_> = own.chain(files.others.iter().map(|name| (name.as_str(), other.clone()))).collect();
        let make = match bucket {
            UNNAMED => format!("insert into storage.buckets (id, name) values ('{UNNAMED}', '{UNNAMED}'); "),
            _ => String::new(),
        };
        format!("{make}{}; ", self.insert(objects, bucket, &all))
    }

    /// What makes the session a request to Storage.
    fn request(&self, operation: &str) -> String {
        let role = quote_ident(&self.guest.persona.role);
        format!("{}select set_config('storage.operation', '{operation}', true); set local role {role}; ", self.claims)
    }

    async fn list(&self, bucket: &str, put: &str, files: &Files) -> Result<DoorTrial, ConnectError> {
        let look = format!("select name as {LISTED} from storage.objects where bucket_id = {}", quote_literal(bucket));
        let request = self.request("storage.object.list");
        let judge = format!("; set local role none; {}{}", self.claims, self.judge(Command::Select, bucket));
        let answer = self.session.send(&format!("{put}{request}{look}{judge}")).await?;
        let listed: BTreeSet<_> = values(&answer, LISTED).into_iter().collect();
        let (own, others) = (files.own.iter(), files.others.iter());
        let seen = |name: &&String| listed.contains(*name);
        let (own, others) = (own.filter(seen).collect::<Vec<_>>(), others.filter(seen).collect::<Vec<_>>());
        let act = format!("{put}{request}{look}");
        let rows = own.len() + others.len();
        let mut trial = self.trial(DoorKind::BucketList, bucket, &act, outcome(&answer, rows));
        let who = &self.guest.persona.name;
        if !others.is_empty() {
            trial.reached.push(format!("{who} lists files of another user in the bucket {bucket}: {}", first(&others)));
        }
        if let (Some(rule), Ok(_)) = (self.rule(Command::Select), &answer) {
            let allowed = allowed(&answer);
            let all = || files.own.iter().chain(&files.others);
            let within = all().filter(|name| allowed.contains(*name)).count();
            trial.expected = Some(format!("{within} of {} files", all().count()));
            let beyond: Vec<_> = own.iter().chain(&others).filter(|name| !allowed.contains(**name)).copied().collect();
            let missing: Vec<_> = all().filter(|name| allowed.contains(*name) && !listed.contains(*name)).collect();
            let (kind, does, files) = match (rule.mode.is_upper() && !beyond.is_empty(), rule.mode.is_lower()) {
                (true, _) => (SurpriseKind::Beyond, "lists", beyond),
                (_, true) if !missing.is_empty() => (SurpriseKind::Missing, "does not list", missing),
                _ => return Ok(trial),
            };
            let (text, says) = (first(&files), if kind == SurpriseKind::Beyond { "denies" } else { "grants" });
            let text = format!("{who} {does} {text} in the bucket {bucket}, which a declared rule {says}");
            trial.surprise = Some(surprise(kind, text, rule, &act));
        }
        Ok(trial)
    }

    async fn overwrite(
        &self,
        objects: &Relation,
        bucket: &str,
        put: &str,
        files: &Files,
    ) -> Result<DoorTrial, ConnectError> {
        let me = self.guest.user.map_or_else(|| user_id(0), |user| user_key(self.setting.seeded, user));
        let request = self.request("storage.object.upload");
        let set: Vec<_> =
            ["owner", "owner_id", "version"].into_iter().filter(|c| objects.column(c).is_some()).collect();
        let set = set.iter().map(|c| format!("{c} = excluded.{c}")).collect::<Vec<_>>().join(", ");
        let judge = self.judge(Command::Update, bucket);
        let (mut replaced, mut denied, mut last) = (Vec::new(), Vec::new(), None);
        let mut act = String::new();
        for name in &files.others {
            let insert = self.insert(objects, bucket, &[(name, me.clone())]);
            let upsert = format!("{insert} on conflict (bucket_id, name) do update set {set}");
            let before = format!("{}{judge}; ", self.claims);
            let answer = self.session.send(&format!("{put}{before}{request}{upsert}")).await?;
            let done = answer.is_ok();
            if done || act.is_empty() {
                act = format!("{put}{request}{upsert}");
            }
            if done {
                replaced.push(name);
                if self.rule(Command::Update).is_some() && !allowed(&answer).contains(name) {
                    denied.push(name);
                }
            }
            last = last.filter(|_: &Answer| done).or(Some(answer));
        }
        let came = match &last {
            Some(answer) if replaced.is_empty() => outcome(answer, 0),
            _ => ProbeOutcome::Seen { rows: u32::try_from(replaced.len()).unwrap_or(u32::MAX), at_least: false },
        };
        let mut trial = self.trial(DoorKind::BucketOverwrite, bucket, &act, came);
        let who = &self.guest.persona.name;
        if !replaced.is_empty() {
            let files = first(&replaced);
            trial.reached.push(format!("{who} replaces files of another user in the bucket {bucket}: {files}"));
        }
        if let Some(rule) = self.rule(Command::Update).filter(|rule| rule.mode.is_upper()) {
            trial.expected = Some(format!("at most what `{}` is true of", rule.predicate.text));
            if !denied.is_empty() {
                let files = first(&denied);
                let text = format!("{who} replaces {files} in the bucket {bucket}, which a declared rule denies");
                trial.surprise = Some(surprise(SurpriseKind::Beyond, text, rule, &act));
            }
        }
        Ok(trial)
    }

    /// The declared rule that bounds a command on files.
    fn rule(&self, command: Command) -> Option<&Declaration> {
        let of_objects = |d: &&Declaration| d.relation.schema == "storage" && d.relation.name == "objects";
        let bounds = |d: &&Declaration| {
            d.role == self.guest.persona.role && d.command == command && d.row == Which::Old && is_declared(d)
        };
        self.setting.intent.declarations.iter().filter(of_objects).find(bounds)
    }

    /// Asks with all rights of which files in a bucket the rule is true.
    fn judge(&self, command: Command, bucket: &str) -> String {
        let Some(rule) = self.rule(command) else { return format!("select null as {FILE} where false") };
        format!(
            "select name as {FILE}, (({}) is true)::text as {ALLOWED} from storage.objects where bucket_id = {}",
            rule.predicate.sql,
            quote_literal(bucket)
        )
    }

    fn trial(&self, door: DoorKind, bucket: &str, act: &str, outcome: ProbeOutcome) -> DoorTrial {
        DoorTrial {
            persona: self.guest.persona.name.clone(),
            role: self.guest.persona.role.clone(),
            door,
            object: bucket.to_owned(),
            statement: act.to_owned(),
            outcome,
            expected: None,
            reached: Vec::new(),
            surprise: None,
        }
    }
}

fn outcome(answer: &Answer, rows: usize) -> ProbeOutcome {
    match answer {
        Ok(_) if rows == 0 => ProbeOutcome::Hidden,
        Ok(_) => ProbeOutcome::Seen { rows: u32::try_from(rows).unwrap_or(u32::MAX), at_least: false },
        Err(error) => failed(error),
    }
}

fn surprise(kind: SurpriseKind, text: String, rule: &Declaration, act: &str) -> Surprise {
    let sql = format!("begin;\n{};\nrollback;\n", act.replace("; ", ";\n"));
    Surprise {
        kind,
        text,
        rule: Some(rule.predicate.text.clone()),
        declared: true,
        reproduce: Reproduce { sql: Some(sql), ..Reproduce::default() },
    }
}

/// The first of some files, and how many more there are.
fn first(files: &[&String]) -> String {
    match files {
        [] => String::new(),
        [one] => (*one).clone(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    }
}

fn values(answer: &Answer, column: &str) -> Vec<String> {
    let value = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) if row.columns().first().is_some_and(|c| c.name() == column) => {
            row.get(0).map(str::to_owned)
        }
        _ => None,
    };
    answer.iter().flatten().filter_map(value).collect()
}

/// The files that a rule allows.
fn allowed(answer: &Answer) -> Allowed {
    let file = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) if row.columns().first().is_some_and(|c| c.name() == FILE) => {
            let is_allowed = row.try_get(ALLOWED).ok().flatten() == Some("true");
            row.get(0).filter(|_| is_allowed).map(str::to_owned)
        }
        _ => None,
    };
    answer.iter().flatten().filter_map(file).collect()
}
