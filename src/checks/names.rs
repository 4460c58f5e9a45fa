//! What a piece of SQL or PL/pgSQL names: relations with what it does to them, functions, and the session.
//!
//! Works on tokens, not on a parse tree, so that it reads function bodies of every language close to SQL. It may see
//! too much (a variable called like a table) and never reads strings: dynamic SQL is told apart by its EXECUTE.

use std::collections::BTreeSet;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::model::Command;

/// A name as written: the schema when it was qualified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// What a text names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names in the place of a relation, with the command.
    pub(super) relations: Vec<(Name, Command)>,
    /// Names in the place of a function.
    pub(super) calls: Vec<Name>,
    /// All other names: columns and variables.
    pub(super) words: BTreeSet<String>,
    /// Whether it asks who the session is: `auth.uid()`, `current_setting()`, `current_user`, ...
    pub(super) identity: bool,
    /// Whether it runs SQL put together at run time.
    pub(super) dynamic: bool,
    /// Whether it aggregates into a single row: an aggregate and no GROUP BY.
    pub(super) single_row: bool,
}

/// Functions of Supabase's `auth` schema that tell who asks.
const IDENTITY: &[&str] = &["uid", "jwt", "role", "email"];

const AGGREGATES: &[&str] = &["count", "sum", "avg", "min", "max", "bool_or", "bool_and"];

impl Names {
    pub(super) fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let dialect = PostgreSqlDialect {};
        // What comes before a token that the tokenizer cannot read still counts.
        let _ = Tokenizer::new(&dialect, text).tokenize_with_location_into_buf(&mut tokens);
        let tokens: Vec<_> =
            tokens.into_iter().map(|t| t.token).filter(|t| !matches!(t, Token::Whitespace(_))).collect();
        let mut reader = Reader { tokens: &tokens, at: 0, words: [Keyword::NoKeyword; 2], list: None };
        let mut names = Self::default();
        let (mut grouped, mut aggregated) = (false, false);
        while let Some(token) = tokens.get(reader.at) {
            match token {
                Token::Word(word) => {
                    grouped |= word.keyword == Keyword::GROUP;
                    reader.word(&mut names);
                    aggregated |= names.calls.last().is_some_and(|c| AGGREGATES.contains(&c.name.as_str()));
                }
                other => reader.punctuation(other),
            }
        }
        names.single_row = aggregated && !grouped;
        names
    }
}

/// Walks the tokens with what was seen last.
struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    /// The last two keywords, the latest first; names in between reset them.
    words: [Keyword; 2],
    /// The command of the FROM list that a comma would go on with.
    list: Option<Command>,
}

impl Reader<'_> {
    fn word(&mut self, names: &mut Names) {
        let Some(Token::Word(word)) = self.tokens.get(self.at) else { return };
        let keyword = if word.quote_style.is_some() { Keyword::NoKeyword } else { word.keyword };
        let qualified = matches!(self.tokens.get(self.at + 1), Some(Token::Period));
        if GRAMMAR.contains(&keyword) && !qualified {
            names.identity |= matches!(keyword, Keyword::CURRENT_USER | Keyword::SESSION_USER | Keyword::CURRENT_ROLE);
            names.dynamic |= keyword == Keyword::EXECUTE;
            if !matches!(keyword, Keyword::AS) {
                self.list = None;
            }
            // `DELETE FROM ONLY t`, `TRUNCATE TABLE t`: ONLY and TABLE say nothing of the command.
            if !matches!(keyword, Keyword::ONLY | Keyword::TABLE if self.command().is_some()) {
                self.words = [keyword, self.words[0]];
            }
            self.at += 1;
            return;
        }
        let name = self.name();
        let called = matches!(self.tokens.get(self.at), Some(Token::LParen));
        match self.command() {
            Some(command) if !called || command != Command::Select => {
                names.relations.push((name, command));
                self.list = (command == Command::Select).then_some(command);
            }
            _ if called => {
                let in_auth = name.schema.as_deref() == Some("auth") && IDENTITY.contains(&name.name.as_str());
                names.identity |= in_auth || name.name == "current_setting";
                names.calls.push(name);
            }
            _ => {
                names.words.insert(name.name);
            }
        }
        self.words = [Keyword::NoKeyword; 2];
    }

    fn punctuation(&mut self, token: &Token) {
        self.words = match (token, self.list) {
            (Token::Comma, Some(_)) => [Keyword::FROM, Keyword::NoKeyword],
            // `from (t join u ...)`
            (Token::LParen, _) if self.words[0] == Keyword::FROM => self.words,
            _ => [Keyword::NoKeyword; 2],
        };
        self.list = None;
        self.at += 1;
    }

    /// What the keywords before a name say is done to it, if it is a relation.
    fn command(&self) -> Option<Command> {
        match self.words {
            [Keyword::FROM, Keyword::DELETE] | [Keyword::TRUNCATE, _] => Some(Command::Delete),
            [Keyword::FROM | Keyword::JOIN | Keyword::USING | Keyword::TABLE | Keyword::ONLY, _] => {
                Some(Command::Select)
            }
            [Keyword::INTO, Keyword::INSERT] => Some(Command::Insert),
            [Keyword::INTO, Keyword::MERGE] => Some(Command::Update),
            [Keyword::UPDATE, before] if before != Keyword::FOR => Some(Command::Update),
            _ => None,
        }
    }

    /// Takes `a`, `a.b` or `a.b.c`; the last two parts count.
    fn name(&mut self) -> Name {
        let mut parts = Vec::new();
        while let Some(Token::Word(word)) = self.tokens.get(self.at) {
            let value = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
            parts.push(value);
            self.at += 1;
            if !matches!(self.tokens.get(self.at), Some(Token::Period)) {
                break;
            }
            self.at += 1;
        }
        let name = parts.pop().unwrap_or_default();
        Name { schema: parts.pop(), name }
    }
}

/// Keywords that structure a statement; the many others are also common names (`role`, `name`, `users`, ...).
const GRAMMAR: &[Keyword] = &[
    Keyword::SELECT,
    Keyword::FROM,
    Keyword::JOIN,
    Keyword::INNER,
    Keyword::LEFT,
    Keyword::RIGHT,
    Keyword::FULL,
    Keyword::CROSS,
    Keyword::LATERAL,
    Keyword::ON,
    Keyword::USING,
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::ORDER,
    Keyword::BY,
    Keyword::HAVING,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::UNION,
    Keyword::INTERSECT,
    Keyword::EXCEPT,
    Keyword::INSERT,
    Keyword::INTO,
    Keyword::UPDATE,
    Keyword::DELETE,
    Keyword::MERGE,
    Keyword::TRUNCATE,
    Keyword::TABLE,
    Keyword::ONLY,
    Keyword::SET,
    Keyword::VALUES,
    Keyword::RETURNING,
    Keyword::AS,
    Keyword::AND,
    Keyword::OR,
    Keyword::NOT,
    Keyword::IN,
    Keyword::EXISTS,
    Keyword::CASE,
    Keyword::WHEN,
    Keyword::THEN,
    Keyword::ELSE,
    Keyword::END,
    Keyword::IF,
    Keyword::FOR,
    Keyword::DO,
    Keyword::EXECUTE,
    Keyword::WITH,
    Keyword::RETURN,
    Keyword::BEGIN,
    Keyword::IS,
    Keyword::NULL,
    Keyword::DISTINCT,
    Keyword::CURRENT_USER,
    Keyword::SESSION_USER,
    Keyword::CURRENT_ROLE,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn relations(text: &str) -> Vec<String> {
        let each = Names::of(text).relations.into_iter();
        each.map(|(n, c)| format!("{c} {}{}", n.schema.map(|s| s + ".").unwrap_or_default(), n.name)).collect()
    }

    #[test]
    fn finds_relations_and_what_is_done_to_them() {
        for (text, expected) in [
            ("select * from public.a, b x, c where d = 1", vec!["SELECT public.a", "SELECT b", "SELECT c"]),
            ("select 1 from a join only \"B\" on a.x = \"B\".y", vec!["SELECT a", "SELECT B"]),
            ("begin delete from only a where b in (select c from d); end", vec!["DELETE a", "SELECT d"]),
            ("update a set b = 1 from c", vec!["UPDATE a", "SELECT c"]),
            ("insert into a (b, c) select d from e on conflict do update set f = 1", vec!["INSERT a", "SELECT e"]),
            ("select x into y from z for update", vec!["SELECT z"]),
            ("truncate table a", vec!["DELETE a"]),
            ("select * from f(1) -- from g", vec![]),
            ("select 'from a' || x", vec![]),
            ("select * from (a join b on true)", vec!["SELECT a", "SELECT b"]),
        ] {
            assert_eq!(relations(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_who_is_asked_for() {
        for text in ["select auth.uid()", "x = current_user", "current_setting('a.b', true)", "(auth.jwt() ->> 'sub')"]
        {
            assert!(Names::of(text).identity, "{text}");
        }
        for text in ["select uid()", "select 'auth.uid()'", "-- auth.uid()\nselect 1", "\"current_user\" = 1"] {
            assert!(!Names::of(text).identity, "{text}");
        }
    }

    #[test]
    fn tells_dynamic_sql_and_single_rows() {
        assert!(Names::of("begin execute 'select ' || x; end").dynamic);
        assert!(Names::of("select count(*) from a").single_row);
        assert!(!Names::of("select b, count(*) from a group by b").single_row);
        assert!(!Names::of("select b from a").single_row);
    }
}
