//! Private channels of Supabase Realtime: who may listen to which topic, and who may send on it.
//!
//! Realtime asks the policies of `realtime.messages` when somebody joins: it puts a message of the topic there and looks
//! whether that user sees it, and adds one as the user. So does this, for topics that are the guest's own and another user's
//! by what the policies name, and takes all of it back.

use std::collections::BTreeSet;

use tokio_postgres::SimpleQueryMessage;

use crate::access::Declaration;
use crate::connector::ConnectError;
use crate::finding::Reproduce;
use crate::impersonation::guest::Guest;
use crate::impersonation::trial::{Answer, Session, Setting, failed};
use crate::model::{Command, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Surprise, SurpriseKind};

use super::asked::{Asked, guarded};
use super::hidden::is_declared;

/// Topics of one's own, and of another user, that are tried at most.
const MOST: usize = 12;
/// The column of what a guest sees of a topic.
const SEEN: &str = "pgwitness_seen";
/// The column of what a rule says of a message.
const ALLOWED: &str = "pgwitness_allowed";
/// What a channel carries that policies are asked for.
const EXTENSIONS: [&str; 2] = ["broadcast", "presence"];

/// A guest before the channels.
pub(super) struct Listener<'t, 's, 'a> {
    pub(super) session: &'t Session<'s>,
    pub(super) setting: &'t Setting<'t, 'a>,
    pub(super) guest: &'t Guest,
    pub(super) claims: &'t str,
}

impl Listener<'_, '_, '_> {
    /// Every topic, listened to and sent on.
    pub(super) async fn all(&self) -> Result<Vec<DoorTrial>, ConnectError> {
        let messages = guarded(self.setting, self.guest, ("realtime", "messages"), ["topic", "extension"]);
        let Some(messages) = messages else { return Ok(Vec::new()) };
        let asked = Asked::of(self.setting, messages, &EXTENSIONS);
        let (own, others) = (asked.own(self.guest), asked.others(self.guest));
        let mut out = Vec::new();
        for topic in own.iter().take(MOST) {
            self.topic(topic, false, &mut out).await?;
        }
        for topic in others.difference(&own).take(MOST) {
            self.topic(topic, true, &mut out).await?;
        }
        Ok(out)
    }

    async fn topic(&self, topic: &str, others: bool, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        let quoted = quote_literal(topic);
        let join = format!("{}select set_config('realtime.topic', {quoted}, true); ", self.claims);
        let role = format!("set local role {}; ", quote_ident(&self.guest.persona.role));
        let rows: Vec<_> = EXTENSIONS.iter().map(|extension| format!("({quoted}, '{extension}')")).collect();
        let put = format!("insert into realtime.messages (topic, extension) values {}; ", rows.join(", "));
        let look = format!("select extension as {SEEN} from realtime.messages where topic = {quoted}");
        let judge = format!("; set local role none; {}", self.judge(Command::Select, topic));
        let answer = self.session.send(&format!("{join}{put}{role}{look}{judge}")).await?;
        let seen: BTreeSet<_> = values(&answer, SEEN).into_iter().collect();
        let act = format!("{join}{put}{role}{look}");
        out.push(self.trial(("listens to", topic, others), &act, &answer, &seen));
        for extension in EXTENSIONS {
            let add = format!("insert into realtime.messages (topic, extension) values ({quoted}, '{extension}')");
            let judge = format!("; set local role none; {}", self.judge(Command::Insert, topic));
            let answer = self.session.send(&format!("{join}{role}{add}{judge}")).await?;
            let sent = if answer.is_ok() { BTreeSet::from([extension.to_owned()]) } else { BTreeSet::new() };
            out.push(self.trial(("sends on", topic, others), &format!("{join}{role}{add}"), &answer, &sent));
        }
        Ok(())
    }

    /// The declared rule that bounds a command on messages.
    fn rule(&self, command: Command) -> Option<&Declaration> {
        let bounds = |d: &&Declaration| {
            d.role == self.guest.persona.role && d.command == command && d.mode.is_upper() && is_declared(d)
        };
        let of_messages = |d: &&Declaration| d.relation.schema == "realtime" && d.relation.name == "messages";
        self.setting.intent.declarations.iter().filter(of_messages).find(bounds)
    }

    /// Asks with all rights whether the rule is true of the messages of a topic.
    fn judge(&self, command: Command, topic: &str) -> String {
        let Some(rule) = self.rule(command) else { return format!("select null as {ALLOWED} where false") };
        format!(
            "select bool_and(({}) is true)::text as {ALLOWED} from realtime.messages where topic = {}",
            rule.predicate.sql,
            quote_literal(topic)
        )
    }

    fn trial(
        &self,
        (does, topic, others): (&str, &str, bool),
        act: &str,
        answer: &Answer,
        what: &BTreeSet<String>,
    ) -> DoorTrial {
        let outcome = match answer {
            Ok(_) if what.is_empty() => ProbeOutcome::Hidden,
            Ok(_) => ProbeOutcome::Seen { rows: u32::try_from(what.len()).unwrap_or(u32::MAX), at_least: false },
            Err(error) => failed(error),
        };
        let who = &self.guest.persona.name;
        let kinds: Vec<_> = what.iter().map(String::as_str).collect();
        let told = format!("{who} {does} the topic `{topic}` ({})", kinds.join(", "));
        let mut trial = DoorTrial {
            persona: who.clone(),
            role: self.guest.persona.role.clone(),
            door: DoorKind::Topic,
            object: topic.to_owned(),
            statement: act.to_owned(),
            outcome,
            expected: None,
            reached: Vec::new(),
            surprise: None,
        };
        let command = if does == "sends on" { Command::Insert } else { Command::Select };
        let rule = self.rule(command);
        trial.expected = rule.map(|rule| format!("at most what `{}` is true of", rule.predicate.text));
        if what.is_empty() {
            return trial;
        }
        if others {
            trial.reached.push(format!("{told}, which is named by what is another user's"));
        }
        let denied = values(answer, ALLOWED).iter().any(|allowed| allowed == "false");
        if let Some(rule) = rule.filter(|_| denied) {
            let sql = format!("begin;\n{};\nrollback;\n", act.replace("; ", ";\n"));
            trial.surprise = Some(Surprise {
                kind: SurpriseKind::Beyond,
                text: format!("{told}, which a declared rule on realtime.messages denies"),
                rule: Some(rule.predicate.text.clone()),
                declared: true,
                reproduce: Reproduce { sql: Some(sql), ..Reproduce::default() },
            });
        }
        trial
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
