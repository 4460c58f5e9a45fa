//! Settings of the session that conditions read and functions make.

use super::Context;
use super::trees::{Part, constant};
use crate::model::{ArgumentMode, Function};
use crate::sql::lex::{Kind, Token, tokens};
use crate::sql::tree::{Call, Expr, Node};

/// A read of a setting.
pub(super) struct Read<'e> {
    /// Its name, in small letters.
    pub(super) name: String,
    /// Whether an unset one is an error: no second argument that says otherwise.
    pub(super) raises: bool,
    /// The call.
    pub(super) call: &'e Expr,
}

/// The setting that `expr` reads, if it is a call of `current_setting` with a constant.
pub(super) fn read(expr: &Expr) -> Option<Read<'_>> {
    let Node::Call(call) = &expr.node else { return None };
    let arguments = setting_arguments(call)?;
    let name = constant(arguments.first()?)?.to_lowercase();
    let lenient = arguments.get(1).and_then(constant).is_some_and(|text| text.starts_with(['t', '1', 'y']));
    Some(Read { name, raises: !lenient, call: expr })
}

fn setting_arguments(call: &Call) -> Option<&[Expr]> {
    (call.routine.key.is_none() && call.routine.name.name == "current_setting").then_some(call.arguments.as_slice())
}

impl Context<'_> {
    /// The names of the settings that a condition reads, through functions too.
    pub(super) fn settings_read(&self, tree: &Expr) -> std::collections::BTreeSet<String> {
        let mut found = std::collections::BTreeSet::new();
        self.walk_through(tree, &mut |part, _| match part {
            Part::Expr(expr, _) => found.extend(read(expr).map(|r| r.name)),
            Part::Unread(function) => found.extend(read_in_text(&function.body)),
        });
        found
    }
}

/// A call of `set_config` in a body.
pub(super) struct Made {
    /// The setting, if the name is a constant.
    pub(super) name: Option<String>,
    /// Whether the value comes from a parameter.
    pub(super) from_parameter: bool,
    /// Whether it ends with the transaction.
    pub(super) local: bool,
}

/// The settings that a body makes.
pub(super) fn made(function: &Function) -> Vec<Made> {
    let inputs = function.parameters.iter().filter(|p| !matches!(p.mode, ArgumentMode::Out | ArgumentMode::Table));
    let names: Vec<_> = inputs.filter_map(|p| p.name.as_deref()).collect();
    let body = function.body.as_str();
    let tokens = tokens(body, 0..body.len());
    let calls = calls(body, &tokens, "set_config");
    let of_parameter = |token: &Token| {
        let text = body.get(token.range()).unwrap_or_default();
        match token.kind {
            Kind::Parameter => true,
            Kind::Word | Kind::Quoted => names.iter().any(|n| n.eq_ignore_ascii_case(text.trim_matches('"'))),
            _ => false,
        }
    };
    let made = calls.into_iter().filter_map(|arguments| {
        let (name, value, local) = (arguments.first()?, arguments.get(1)?, arguments.get(2)?);
        Some(Made {
            name: text_of(body, name),
            from_parameter: value.iter().any(of_parameter),
            local: local.first().and_then(|t| body.get(t.range())).is_some_and(|t| t.eq_ignore_ascii_case("true")),
        })
    });
    made.collect()
}

fn read_in_text(body: &str) -> Vec<String> {
    let tokens = tokens(body, 0..body.len());
    let calls = calls(body, &tokens, "current_setting");
    calls.iter().filter_map(|arguments| text_of(body, arguments.first()?)).collect()
}

/// The constant that an argument is.
fn text_of(body: &str, argument: &[Token]) -> Option<String> {
    match argument {
        [one, ..] if one.kind == Kind::Text => Some(body.get(one.range())?.trim_matches('\'').to_lowercase()),
        _ => None,
    }
}

/// The arguments of each call of a function, as tokens.
fn calls<'t>(body: &str, tokens: &'t [Token], name: &str) -> Vec<Vec<&'t [Token]>> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [word, open] = pair else { continue };
        let is_name = body.get(word.range()).is_some_and(|t| t.trim_matches('"').eq_ignore_ascii_case(name));
        if is_name && open.kind == Kind::Punct(b'(') {
            found.push(arguments(tokens.get(at + 2..).unwrap_or_default()));
        }
    }
    found
}

fn arguments(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut all, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punct(b'(') => depth += 1,
            Kind::Punct(b')') if depth == 0 => {
                all.extend(tokens.get(start..at));
                return all;
            }
            Kind::Punct(b')') => depth -= 1,
            Kind::Punct(b',') if depth == 0 => {
                all.extend(tokens.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    all
}
