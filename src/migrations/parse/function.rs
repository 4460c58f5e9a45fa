//! CREATE FUNCTION, CREATE PROCEDURE and their ALTER.

use super::cursor::{Cursor, Fragment, Result, refuse};
use super::grant::RoutineKind;
use super::object::{self, Change};
use super::routine::{Parameter, Signature};
use super::setting::{self, Setting, SettingValue};
use super::types::TypeName;
use crate::migrations::lex::Kind;
use crate::migrations::names::{self, Name};
use crate::model::Volatility;

/// `CREATE FUNCTION` or `CREATE PROCEDURE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFunction {
    /// The routine.
    pub name: Name,
    /// Whether it is a procedure.
    pub procedure: bool,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// Its arguments; the columns of RETURNS TABLE are not among them.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Returns,
    /// What is said of it.
    pub attributes: FunctionAttributes,
    /// Its body.
    pub body: Option<FunctionBody>,
}

/// What a function returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returns {
    /// No word of it: a procedure, or what the OUT arguments are.
    Unsaid,
    /// A type.
    Type(TypeName),
    /// `RETURNS TABLE`.
    Table(Vec<(String, TypeName)>),
}

/// A function's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionBody {
    /// The code; of a body of strings the string's value.
    pub text: String,
    /// Its bytes in the file without quotes; with them if the value differs from what is written.
    pub range: std::ops::Range<usize>,
    /// Whether it is `BEGIN ATOMIC` or `RETURN`, whose names are bound when the function is made.
    pub bound: bool,
    /// The second string of a C function: the symbol.
    pub symbol: Option<String>,
}

/// What is said of a function, by CREATE or ALTER; `None` is not a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionAttributes {
    /// `LANGUAGE`.
    pub language: Option<String>,
    /// `IMMUTABLE`, `STABLE` or `VOLATILE`.
    pub volatility: Option<Volatility>,
    /// `SECURITY DEFINER` (true) or `SECURITY INVOKER`.
    pub security_definer: Option<bool>,
    /// `STRICT` (true) or `CALLED ON NULL INPUT`.
    pub strict: Option<bool>,
    /// `LEAKPROOF`.
    pub leakproof: Option<bool>,
    /// `WINDOW`.
    pub window: bool,
    /// `SET` and `RESET`, in order.
    pub settings: Vec<Setting>,
}

/// `ALTER FUNCTION`, `PROCEDURE`, `ROUTINE` or `AGGREGATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterFunction {
    /// The word.
    pub kind: RoutineKind,
    /// The routine.
    pub signature: Signature,
    /// What is done.
    pub action: FunctionAction,
}

/// What ALTER FUNCTION does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionAction {
    /// Renames it, gives it away or moves it.
    Change(Change),
    /// `DEPENDS ON EXTENSION`.
    DependsOn(String),
    /// New attributes.
    Set(Box<FunctionAttributes>),
}

/// The part after CREATE FUNCTION or CREATE PROCEDURE.
pub(crate) fn create(c: &mut Cursor<'_>, or_replace: bool, procedure: bool) -> Result<CreateFunction> {
    let name = c.function_name()?;
    let parameters = c.parameters()?;
    let returns = match () {
        () if c.accept("returns table") => {
            c.expect_punct(b'(')?;
            let columns = c.list(|c| Ok((c.label()?, c.type_name()?)))?;
            c.expect_punct(b')')?;
            Returns::Table(columns)
        }
        () if c.accept("returns") && !c.is_ahead(0, "null") => Returns::Type(c.type_name()?),
        () => Returns::Unsaid,
    };
    let mut function = CreateFunction {
        name,
        procedure,
        or_replace,
        parameters,
        returns,
        attributes: FunctionAttributes::default(),
        body: None,
    };
    while !c.at_end() {
        if attribute(c, &mut function.attributes)? {
            continue;
        }
        if function.body.is_some() {
            return c.wanted("the end of the statement");
        }
        function.body = Some(body(c)?);
    }
    if function.body.is_none() {
        return refuse("a function without a body");
    }
    Ok(function)
}

fn body(c: &mut Cursor<'_>) -> Result<FunctionBody> {
    let start = c.position();
    if c.accept("begin atomic") {
        let mut depth = 1_usize;
        while depth > 0 {
            match () {
                () if c.is("case") => depth += 1,
                () if c.is("end") => depth -= 1,
                () => (),
            }
            if c.bump().is_none() {
                return refuse("`BEGIN ATOMIC` without its `END`");
            }
        }
        let Fragment { text, range } = c.since(start);
        return Ok(FunctionBody { text, range, bound: true, symbol: None });
    }
    if c.accept("return") {
        c.skip_rest();
        let Fragment { text, range } = c.since(start);
        return Ok(FunctionBody { text, range, bound: true, symbol: None });
    }
    c.expect("as")?;
    let Some(token) = c.peek() else { return c.wanted("a body") };
    let quote = match token.kind {
        Kind::Dollar => names::dollar_tag(c.raw(token)),
        _ => 1,
    };
    let text = c.string()?;
    let inner = token.start + quote..token.end.saturating_sub(quote);
    let same = c.source.text.get(inner.clone()) == Some(text.as_str());
    let range = c.source.place(if same { inner } else { token.range() });
    let symbol = if c.accept_punct(b',') { Some(c.string()?) } else { None };
    Ok(FunctionBody { text, range, bound: false, symbol })
}

/// Takes one attribute, if one comes next.
fn attribute(c: &mut Cursor<'_>, to: &mut FunctionAttributes) -> Result<bool> {
    match () {
        () if c.accept("language") => {
            to.language = Some(match c.accept_string() {
                Some(language) => language.to_ascii_lowercase(),
                None => c.ident()?,
            });
        }
        () if c.accept("immutable") => to.volatility = Some(Volatility::Immutable),
        () if c.accept("stable") => to.volatility = Some(Volatility::Stable),
        () if c.accept("volatile") => to.volatility = Some(Volatility::Volatile),
        () if c.accept("external security definer") || c.accept("security definer") => to.security_definer = Some(true),
        () if c.accept("external security invoker") || c.accept("security invoker") => {
            to.security_definer = Some(false)
        }
        () if c.accept("strict") || c.accept("returns null on null input") || c.accept("null on null input") => {
            to.strict = Some(true);
        }
        () if c.accept("called on null input") => to.strict = Some(false),
        () if c.accept("not leakproof") => to.leakproof = Some(false),
        () if c.accept("leakproof") => to.leakproof = Some(true),
        () if c.accept("window") => to.window = true,
        () if c.accept("parallel") || c.accept("support") => drop(c.name()?),
        () if c.accept("cost") || c.accept("rows") => drop(c.bump()),
        () if c.accept("transform") => transforms(c)?,
        () if c.accept("set") => to.settings.push(function_setting(c)?),
        () if c.accept("reset all") => to.settings.push(Setting { name: None, value: SettingValue::Default }),
        () if c.accept("reset") => {
            to.settings.push(Setting { name: Some(super::grant::setting_name(c)?), value: SettingValue::Default });
        }
        () => return Ok(false),
    }
    Ok(true)
}

fn function_setting(c: &mut Cursor<'_>) -> Result<Setting> {
    if c.accept("time zone") {
        let value = c.until(|c| c.is_any(&["as", "language", "security", "set"])).text;
        return Ok(Setting { name: Some("timezone".into()), value: SettingValue::To(vec![value]) });
    }
    setting::setting(c)
}

fn transforms(c: &mut Cursor<'_>) -> Result<()> {
    c.list(|c| {
        c.expect("for type")?;
        c.type_name().map(|_| ())
    })?;
    Ok(())
}

/// The part after ALTER and the routine's kind.
pub(crate) fn alter(c: &mut Cursor<'_>, kind: RoutineKind) -> Result<AlterFunction> {
    let signature = if kind == RoutineKind::Aggregate { c.aggregate()? } else { c.signature()? };
    if let Some(change) = object::change(c)? {
        c.end()?;
        return Ok(AlterFunction { kind, signature, action: FunctionAction::Change(change) });
    }
    let _ = c.accept("no");
    if c.accept("depends on extension") {
        let action = FunctionAction::DependsOn(c.ident()?);
        c.end()?;
        return Ok(AlterFunction { kind, signature, action });
    }
    let mut attributes = FunctionAttributes::default();
    while attribute(c, &mut attributes)? {}
    c.accept("restrict");
    c.end()?;
    Ok(AlterFunction { kind, signature, action: FunctionAction::Set(Box::new(attributes)) })
}
