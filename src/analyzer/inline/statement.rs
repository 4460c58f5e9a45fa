//! What PL/pgSQL statements are, as far as a value may come of them.

/// A statement; texts are parts of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// `name := value`
    Assign { variable: String, value: String },
    /// `IF .. THEN .. ELSIF .. ELSE .. END IF`
    If { branches: Vec<(String, Vec<Statement>)>, otherwise: Vec<Statement> },
    /// `RETURN [value]`
    Return(Option<String>),
    /// `RETURN QUERY select ..`
    ReturnQuery(String),
    /// `SELECT .. INTO [STRICT] a, b ..`, the query without its INTO.
    SelectInto { query: String, strict: bool, variables: Vec<String> },
    /// `PERFORM ..`, as a query.
    Perform(String),
    /// `RAISE`; whether it ends the function.
    Raise(bool),
    /// `NULL`
    Nothing,
    /// A block.
    Block(Block),
    /// What is not read; reached, it makes the function unknown.
    Unread(String),
}

/// `DECLARE .. BEGIN .. END`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The variables.
    pub(super) declarations: Vec<Declaration>,
    /// The statements.
    pub(super) statements: Vec<Statement>,
    /// The statements of its handlers of exceptions.
    pub(super) handlers: Vec<Vec<Statement>>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Its name.
    pub(super) name: String,
    /// Its type, or `ALIAS FOR` what.
    pub(super) of: DeclaredAs,
    /// Its first value.
    pub(super) value: Option<String>,
}

/// What a variable is declared as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DeclaredAs {
    /// A type.
    Type(String),
    /// A record without a type of its own.
    Record,
    /// Another name.
    Alias(String),
}
