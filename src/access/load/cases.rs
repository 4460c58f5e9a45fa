//! Personas and tests of a file, with everything that no database is needed for held against them.

use toml::Spanned;

use super::super::cases::{DeclaredPersona, DeclaredTest, METHODS, PersonaTable, TestTable};
use super::super::text::{At, Texts};
use super::build::Build;
use crate::impersonation::cast::USERS;
use crate::migrations::split::split;

impl Build {
    pub(super) fn persona(&mut self, file: usize, persona: Spanned<PersonaTable>) {
        let at = At::new(file, &persona.span());
        let persona = persona.into_inner();
        let user = usize::from(persona.user.as_ref().map_or(1, |user| *user.get_ref()));
        if user == 0 || user > USERS {
            let at = persona.user.as_ref().map_or(at.clone(), |user| At::new(file, &user.span()));
            let help = "rows are made for the users 1 to 4: 1 and 2 share a tenant, 3 is in another, 4 in both";
            self.fail(&at, format!("there is no user `{user}`"), Some(help));
            return;
        }
        let name = persona.name.get_ref();
        if self.rules.personas.iter().any(|other| other.name == *name) {
            let at = At::new(file, &persona.name.span());
            self.fail(
                &at,
                format!("two personas are called `{name}`"),
                Some("tests name a persona by its name: give one another"),
            );
            return;
        }
        self.rules.personas.push(DeclaredPersona {
            place: Texts(&self.rules.texts).place(&at),
            name: persona.name.into_inner(),
            role: persona.role.into_inner(),
            user: user - 1,
            claims: persona.claims,
            settings: persona.settings,
        });
    }

    pub(super) fn test(&mut self, file: usize, test: Spanned<TestTable>) {
        let at = At::new(file, &test.span());
        let test = test.into_inner();
        let Some(expects) = test.expects() else {
            let help = "say one of `rows = 0`, `count = 0`, `error = \"42501\"`";
            self.fail(&at, "a test that does not say what must come of it", Some(help));
            return;
        };
        if let Some(method) = &test.method
            && !METHODS.contains(&method.get_ref().to_uppercase().as_str())
        {
            let at = At::new(file, &method.span());
            let help = format!("there are {}", METHODS.join(", "));
            self.fail(&at, format!("`{}` is no method of a request", method.get_ref()), Some(&help));
            return;
        }
        if let Some((message, help)) = unfit(test.statement.get_ref()) {
            self.fail(&At::new(file, &test.statement.span()), message, Some(help));
            return;
        }
        self.rules.tests.push(DeclaredTest {
            request: test.request(),
            place: Texts(&self.rules.texts).place(&At::new(file, &test.who.span())),
            name: test.name,
            who: test.who.into_inner(),
            statement: test.statement.into_inner(),
            expects,
        });
    }
}

/// Statements that end a transaction, or the part of one that a test is undone with.
const OF_TRANSACTIONS: [&str; 9] =
    ["commit", "rollback", "end", "abort", "begin", "start", "savepoint", "release", "prepare transaction"];

/// Why a text is no statement of a test, and what to do, if it is none.
fn unfit(text: &str) -> Option<(String, &'static str)> {
    let each = split(text).into_iter().filter_map(|piece| text.get(piece.range));
    let all: Vec<_> =
        each.map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()).collect();
    let is = |statement: &str, word: &str| {
        let rest = statement.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    if all.iter().all(String::is_empty) {
        return Some(("a test that does nothing".to_owned(), "`do` is the statement that the persona runs"));
    }
    if let Some(word) = all.iter().find_map(|all| OF_TRANSACTIONS.into_iter().find(|word| is(all, word))) {
        let help = "a test runs in a transaction that is rolled back: leave transactions to it";
        return Some((format!("a test may not say `{word}`"), help));
    }
    let to_client = |all: &String| is(all, "copy") && ["stdin", "stdout"].iter().any(|end| all.contains(end));
    let help = "use SELECT or INSERT: row-level security is the same for both";
    all.iter().any(to_client).then(|| ("a test may not COPY to or from the client".to_owned(), help))
}

#[cfg(test)]
mod tests {
    use super::unfit;

    #[test]
    fn a_test_is_a_statement_that_leaves_its_transaction_alone() {
        for (text, message) in [
            ("select 1;\n-- all of it\nCOMMIT; delete from notes", "a test may not say `commit`"),
            ("prepare   transaction 'x'", "a test may not say `prepare transaction`"),
            (" -- nothing\n", "a test that does nothing"),
            ("copy notes from stdin", "a test may not COPY to or from the client"),
        ] {
            assert_eq!(unfit(text).map(|(said, _)| said).as_deref(), Some(message), "{text}");
        }
        for fit in [
            "select 'a; commit'",
            "do $$ begin perform 1; end $$",
            "prepare p as select 1",
            "select endings",
            "copy notes to '/tmp/x'",
        ] {
            assert_eq!(unfit(fit), None, "{fit}");
        }
    }
}
