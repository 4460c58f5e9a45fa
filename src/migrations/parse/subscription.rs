//! Subscriptions, which write another server's rows past every policy.

use super::alter;
use super::cursor::{Cursor, Result};
use super::object::{self, Change};

/// Options as written.
type Options = Vec<(String, Option<String>)>;

/// `CREATE SUBSCRIPTION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSubscription {
    /// The subscription.
    pub name: String,
    /// Whether the connection string says a password; it is not kept.
    pub has_password: bool,
    /// The publications of the other server.
    pub publications: Vec<String>,
    /// `WITH (...)`.
    pub options: Options,
}

/// `ALTER SUBSCRIPTION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterSubscription {
    /// The subscription.
    pub name: String,
    /// What is done.
    pub action: SubscriptionAction,
}

/// What ALTER SUBSCRIPTION does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionAction {
    /// `ADD PUBLICATION`.
    Add(Vec<String>, Options),
    /// `SET PUBLICATION`.
    Set(Vec<String>, Options),
    /// `DROP PUBLICATION`.
    Drop(Vec<String>, Options),
    /// `ENABLE` or `DISABLE`.
    Enable(bool),
    /// `SET (...)`.
    Options(Options),
    /// `CONNECTION`, `REFRESH PUBLICATION` or `SKIP`: nothing that access depends on.
    Other,
    /// A new name or owner.
    Change(Change),
}

/// The part after CREATE SUBSCRIPTION.
pub(crate) fn create(c: &mut Cursor<'_>) -> Result<CreateSubscription> {
    let name = c.ident()?;
    c.expect("connection")?;
    let connection = c.string()?;
    let has_password = connection.contains("password") || connection.contains("://");
    c.expect("publication")?;
    let (publications, options) = publications(c)?;
    c.end()?;
    Ok(CreateSubscription { name, has_password, publications, options })
}

/// The part after ALTER SUBSCRIPTION.
pub(crate) fn alter(c: &mut Cursor<'_>) -> Result<AlterSubscription> {
    let name = c.ident()?;
    let action = match object::change(c)? {
        Some(change) => SubscriptionAction::Change(change),
        None => action(c)?,
    };
    c.end()?;
    Ok(AlterSubscription { name, action })
}

fn action(c: &mut Cursor<'_>) -> Result<SubscriptionAction> {
    type Make = fn(Vec<String>, Options) -> SubscriptionAction;
    let lists: [(&str, Make); 3] = [
        ("add publication", SubscriptionAction::Add),
        ("set publication", SubscriptionAction::Set),
        ("drop publication", SubscriptionAction::Drop),
    ];
    if let Some((_, make)) = lists.iter().find(|(words, _)| c.accept(words)) {
        let (publications, options) = publications(c)?;
        return Ok(make(publications, options));
    }
    Ok(match () {
        () if c.accept("enable") => SubscriptionAction::Enable(true),
        () if c.accept("disable") => SubscriptionAction::Enable(false),
        () if c.accept("set") => SubscriptionAction::Options(alter::options(c)?),
        () if c.accept("connection") => {
            c.string()?;
            SubscriptionAction::Other
        }
        () if c.accept("refresh publication") => {
            options(c)?;
            SubscriptionAction::Other
        }
        () if c.accept("skip") => {
            alter::options(c)?;
            SubscriptionAction::Other
        }
        () => return c.wanted("an action"),
    })
}

fn publications(c: &mut Cursor<'_>) -> Result<(Vec<String>, Options)> {
    let names = c.list(Cursor::label)?;
    Ok((names, options(c)?))
}

fn options(c: &mut Cursor<'_>) -> Result<Options> {
    if c.accept("with") { alter::options(c) } else { Ok(Vec::new()) }
}
