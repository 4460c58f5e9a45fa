//! Replaying a witness on a server of our own: the rows are inserted, the role acts, the rule is asked, all is rolled back.
//!
//! First as an application would have it, with triggers and beside the rows there are. Where that fails or shows
//! nothing, once more with the tables to itself and without triggers and foreign keys, which only a superuser can have;
//! but where triggers of the application fire for the command, they do.

use tokio_postgres::error::DbError;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::probe::value;
use super::unanswered::is_no_answer;
use crate::connector::{ConnectError, Database};
use crate::finding::Replay;
use crate::model::{QualifiedName, quote_ident, quote_literal};
use crate::verdicts::script::{BEYOND, Contrast, Script, Shows, WITHIN};

/// How the rows are brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// With triggers and foreign keys, beside the rows there are.
    Plain,
    /// Without them, and without other rows in the tables.
    Alone,
}

/// What a row that is reached is held against.
#[derive(Debug, Clone, Copy)]
enum Against<'s> {
    /// What the rule says of it.
    Rule(&'s str),
    /// The same command where it must reach nothing.
    Contrast(&'s Contrast),
}

/// What an attempt came to.
enum Shown {
    Yes,
    No(String),
    /// The server gave no answer.
    Nothing(String),
}

/// How long a statement may take; what gives no answer is asked once more.
const SECONDS: [u32; 2] = [5, 20];

/// Runs the steps of a script in a session of its own. Nothing stays of them.
///
/// # Errors
/// When no connection can be had, or it is lost.
pub async fn replay(database: &Database, script: &Script) -> Result<Replay, ConnectError> {
    replay_in(&*database.fresh().await?, script).await
}

/// The same in a session that is there. What earlier transactions set in it reads as '' and not as NULL, which may show
/// otherwise what rests on settings that are not there.
///
/// # Errors
/// When the connection is lost.
pub async fn replay_in(client: &Client, script: &Script) -> Result<Replay, ConnectError> {
    let against = match (&script.contrast, &script.judge) {
        (Some(contrast), _) => Against::Contrast(contrast),
        (None, Some(judge)) => Against::Rule(judge),
        (None, None) => {
            return Ok(Replay { reproduced: false, remark: Some("there is no rule to hold it against".to_owned()) });
        }
    };
    let mut first = None;
    for manner in [Manner::Plain, Manner::Alone] {
        match patiently(client, script, against, manner)
            .await
            .map_err(|e| ConnectError::query("replaying a witness", e))?
        {
            Shown::Yes => {
                let how = "with triggers and foreign keys switched off and nothing else in the tables";
                let remark = (manner == Manner::Alone).then(|| how.to_owned());
                return Ok(Replay { reproduced: true, remark });
            }
            Shown::No(why) | Shown::Nothing(why) => drop(first.get_or_insert(why)),
        }
    }
    Ok(Replay { reproduced: false, remark: first })
}

/// An attempt that is rolled back; one that gave no answer is made again, with more time.
async fn patiently(
    client: &Client,
    script: &Script,
    against: Against<'_>,
    manner: Manner,
) -> Result<Shown, tokio_postgres::Error> {
    let mut shown = Shown::Nothing(String::new());
    for seconds in SECONDS {
        let come = match against {
            Against::Rule(judge) => attempt(client, script, judge, (manner, seconds)).await,
            Against::Contrast(contrast) => contrasted(client, script, contrast, (manner, seconds)).await,
        };
        client.batch_execute("rollback").await?;
        shown = come?;
        if !matches!(shown, Shown::Nothing(_)) {
            break;
        }
    }
    Ok(shown)
}

type Answer = Result<Vec<SimpleQueryMessage>, Refusal>;

/// What the server said instead of doing what it was asked for.
struct Refusal {
    text: String,
    is_no_answer: bool,
    /// Whether a privilege or a policy is what it lacks.
    is_refusal: bool,
}

impl Refusal {
    fn shown(self, at: &str) -> Shown {
        match self.is_no_answer {
            true => Shown::Nothing(format!("the server gave no answer: {}", self.text)),
            false => Shown::No(format!("{at}: {}", self.text)),
        }
    }
}

/// The answer to a message; what the server refuses is one, and a lost connection an error.
async fn ask(client: &Client, message: &str) -> Result<Answer, tokio_postgres::Error> {
    match client.simple_query(message).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => match error.as_db_error() {
            Some(db) if !client.is_closed() => Ok(Err(said(db))),
            _ => Err(error),
        },
    }
}

fn said(error: &DbError) -> Refusal {
    let code = error.code().code();
    Refusal {
        text: format!("{} (SQLSTATE {code})", error.message()),
        is_no_answer: is_no_answer(code),
        is_refusal: code == "42501",
    }
}

async fn attempt(
    client: &Client,
    script: &Script,
    judge: &str,
    (manner, seconds): (Manner, u32),
) -> Result<Shown, tokio_postgres::Error> {
    if let Err(why) = ask(client, &setting_up(script, manner, seconds)).await? {
        return Ok(why.shown("the rows of the witness were refused"));
    }
    let mut before = None;
    if script.judge_first {
        match ask(client, judge).await? {
            Ok(answer) => before = Some(Count::of(&answer)),
            Err(why) => return Ok(why.shown("the rule could not be evaluated")),
        }
    }
    let fires = fires(script, manner);
    let act = format!("{fires} savepoint act; set local role {}; {}", quote_ident(&script.role), script.act);
    let acted = ask(client, &act).await?;
    let back = if acted.is_ok() { "reset role" } else { "rollback to savepoint act; reset role" };
    client.batch_execute(back).await?;
    let mut rows = match acted {
        // It was neither refused nor let through.
        Err(why) if why.is_no_answer => return Ok(why.shown("")),
        other => other.map(|answer| affected(&answer)),
    };
    if let (Ok(1..), Some(whole)) = (&rows, &script.whole) {
        // A filter may keep the policies from rows of which they raise an error.
        let act = format!("savepoint whole; set local role {}; {whole}", quote_ident(&script.role));
        if let Err(why) = ask(client, &act).await?
            && !why.is_no_answer
        {
            rows = Err(why);
        }
        client.batch_execute("rollback to savepoint whole; reset role").await?;
    }
    if script.shows == Shows::Refused && before.is_none() {
        // What the role could not write is written with all rights, to ask the rule of it.
        if let Err(why) = ask(client, script.by_right()).await? {
            return Ok(why.shown("nobody can write the row"));
        }
    }
    let judged = match before {
        Some(before) => Ok(before),
        None => ask(client, judge).await?.map(|answer| Count::of(&answer)),
    };
    Ok(match (script.shows, rows, judged) {
        (_, _, Err(why)) => why.shown("the rule could not be evaluated"),
        (Shows::Exceeded, Err(why), _) => why.shown("the server refused it"),
        (Shows::Exceeded, Ok(0), _) => Shown::No("the command reached no row".to_owned()),
        (Shows::Exceeded, Ok(_), Ok(count)) if count.beyond > 0 => Shown::Yes,
        (Shows::Exceeded, Ok(_), Ok(_)) => Shown::No("the rule is true of the row".to_owned()),
        (Shows::Refused, Err(_) | Ok(0), Ok(count)) if count.within > 0 => Shown::Yes,
        (Shows::Refused, Err(_) | Ok(0), Ok(_)) => Shown::No("the rule is not true of the row".to_owned()),
        (Shows::Refused, Ok(_), _) => Shown::No("the command reached the row".to_owned()),
    })
}

/// The command where it must reach nothing, and where it must reach a row.
async fn contrasted(
    client: &Client,
    script: &Script,
    contrast: &Contrast,
    (manner, seconds): (Manner, u32),
) -> Result<Shown, tokio_postgres::Error> {
    if let Err(why) = ask(client, &setting_up(script, manner, seconds)).await? {
        return Ok(why.shown("the rows of the witness were refused"));
    }
    client.batch_execute("savepoint before").await?;
    let otherwise = contrast.otherwise().join("; ");
    if let Err(why) = ask(client, &otherwise).await? {
        return Ok(why.shown("the session could not be otherwise"));
    }
    let role = quote_ident(&script.role);
    match ask(client, &format!("set local role {role}; {}", script.act)).await? {
        Ok(answer) if affected(&answer) > 0 => return Ok(Shown::No("the row is reached without it too".to_owned())),
        // Another error than a refusal does not say what would have been reached.
        Err(why) if !why.is_refusal => return Ok(why.shown("without it the command failed")),
        _ => {}
    }
    client.batch_execute("rollback to savepoint before").await?;
    let opens = contrast.opens().map(|act| format!("{act};")).unwrap_or_default();
    let act = format!("{} set local role {role}; {opens} {}", fires(script, manner), script.act);
    Ok(match ask(client, &act).await? {
        Err(why) => why.shown("the server refused it"),
        Ok(answer) if affected(&answer) == 0 => Shown::No("the command reached no row".to_owned()),
        Ok(_) => Shown::Yes,
    })
}

/// What a trigger refuses or changes is not reached: those of the command fire whatever the rows came about by.
fn fires(script: &Script, manner: Manner) -> &'static str {
    if script.fires && manner == Manner::Alone { "set local session_replication_role = origin;" } else { "" }
}

/// The begin of the transaction, the rows and the session.
fn setting_up(script: &Script, manner: Manner, seconds: u32) -> String {
    let mut message = format!("begin; set local search_path = ''; set local statement_timeout = '{seconds}s';");
    if manner == Manner::Alone {
        message.push_str("set local session_replication_role = replica;");
        let mut tables: Vec<&QualifiedName> =
            script.rows.iter().map(|row| &row.relation).chain(&script.parent).collect();
        tables.sort_unstable();
        tables.dedup();
        tables.iter().for_each(|table| message.push_str(&format!("delete from {table};")));
    }
    script.rows.iter().for_each(|row| message.push_str(&format!("{row};")));
    for (name, value) in &script.settings {
        message.push_str(&format!("select set_config({}, {}, true);", quote_literal(name), quote_literal(value)));
    }
    message
}

/// The rows that a command gave or changed: those of its last statement.
fn affected(answer: &[SimpleQueryMessage]) -> u64 {
    let last = answer.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    last.unwrap_or_default()
}

/// What a judge counted.
#[derive(Debug, Clone, Copy)]
struct Count {
    within: u64,
    beyond: u64,
}

impl Count {
    fn of(answer: &[SimpleQueryMessage]) -> Self {
        let number = |column| value(answer, column).and_then(|text| text.parse().ok()).unwrap_or_default();
        Self { within: number(WITHIN), beyond: number(BEYOND) }
    }
}
