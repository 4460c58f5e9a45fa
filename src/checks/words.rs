//! Words that the messages of several checks share.

use crate::analyzer::effective::Principal;
use crate::model::{Command, printable};

/// What a command does, in a plain word.
#[must_use]
pub(crate) fn verb(command: Command) -> &'static str {
    match command {
        Command::Select => "read",
        Command::Insert => "add",
        Command::Update => "change",
        Command::Delete => "delete",
    }
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub(crate) fn and_list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// At most `most` of the items as a list, then how many more there are.
#[must_use]
pub(crate) fn first_of<S: AsRef<str>>(items: &[S], most: usize) -> String {
    let shown: Vec<_> = items.iter().take(most).map(|s| s.as_ref().to_owned()).collect();
    match items.len().checked_sub(most) {
        None | Some(0) => and_list(&shown),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Why a role holds privileges, those from the same grants together: `anon: SELECT and INSERT granted to anon by postgres`.
#[must_use]
pub(super) fn privileges(role: &str, held: &[(Command, String)]) -> String {
    let mut grants: Vec<(&str, Vec<String>)> = Vec::new();
    for (command, holder) in held {
        match grants.iter_mut().find(|(h, _)| h == holder) {
            Some((_, commands)) => commands.push(command.to_string()),
            None => grants.push((holder, vec![command.to_string()])),
        }
    }
    let each: Vec<_> = grants.iter().map(|(holder, commands)| format!("{} {holder}", and_list(commands))).collect();
    format!("{}: {}", printable(role), each.join("; "))
}

/// The clients as the first words of a sentence.
#[must_use]
pub(super) fn subject(principal: &Principal) -> String {
    let words = principal.words();
    let mut letters = words.chars();
    letters.next().map(|c| c.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
