//! Grants: privileges, access control lists, and default privileges.
//!
//! Source: PostgreSQL manual, "Privileges" (ddl-priv), table "ACL Privilege Abbreviations".

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// A privilege on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Privilege {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
    Maintain,
    Usage,
    Create,
    Connect,
    Temporary,
    Execute,
    Set,
    AlterSystem,
}

impl Privilege {
    /// Every privilege with its letter in an ACL item and its SQL name.
    const ALL: [(Self, char, &'static str); 15] = [
        (Self::Select, 'r', "SELECT"),
        (Self::Insert, 'a', "INSERT"),
        (Self::Update, 'w', "UPDATE"),
        (Self::Delete, 'd', "DELETE"),
        (Self::Truncate, 'D', "TRUNCATE"),
        (Self::References, 'x', "REFERENCES"),
        (Self::Trigger, 't', "TRIGGER"),
        (Self::Maintain, 'm', "MAINTAIN"),
        (Self::Usage, 'U', "USAGE"),
        (Self::Create, 'C', "CREATE"),
        (Self::Connect, 'c', "CONNECT"),
        (Self::Temporary, 'T', "TEMPORARY"),
        (Self::Execute, 'X', "EXECUTE"),
        (Self::Set, 's', "SET"),
        (Self::AlterSystem, 'A', "ALTER SYSTEM"),
    ];

    /// The privilege's SQL name.
    #[must_use]
    pub fn sql(self) -> &'static str {
        Self::ALL.iter().find(|(p, ..)| *p == self).map_or("", |(.., name)| name)
    }

    fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.iter().find(|(_, l, _)| *l == letter).map(|(p, ..)| *p)
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

/// A set of privileges; serialized as a list of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Vec<Privilege>", from = "Vec<Privilege>")]
pub struct PrivilegeSet(u16);

impl PrivilegeSet {
    /// Whether the set holds `privilege`.
    #[must_use]
    pub fn contains(self, privilege: Privilege) -> bool {
        self.0 & (1 << privilege as u16) != 0
    }

    /// Adds `privilege`.
    pub fn insert(&mut self, privilege: Privilege) {
        self.0 |= 1 << privilege as u16;
    }

    /// Takes `privilege` away.
    pub fn remove(&mut self, privilege: Privilege) {
        self.0 &= !(1 << privilege as u16);
    }

    /// What is in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is granted.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`Privilege`].
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL.into_iter().map(|(p, ..)| p).filter(move |p| self.contains(*p))
    }
}

impl From<Vec<Privilege>> for PrivilegeSet {
    fn from(list: Vec<Privilege>) -> Self {
        list.into_iter().collect()
    }
}

impl From<PrivilegeSet> for Vec<Privilege> {
    fn from(set: PrivilegeSet) -> Self {
        set.iter().collect()
    }
}

impl FromIterator<Privilege> for PrivilegeSet {
    fn from_iter<T: IntoIterator<Item = Privilege>>(iter: T) -> Self {
        let mut set = Self::default();
        iter.into_iter().for_each(|p| set.insert(p));
        set
    }
}

impl JsonSchema for PrivilegeSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PrivilegeSet".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<Privilege>::json_schema(generator)
    }
}

/// Who holds a grant, or whom a policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
pub enum Grantee {
    /// `PUBLIC`: every role, now and later. Written `public`, a name that no role can have.
    Public,
    /// A role.
    Role(String),
}

impl Grantee {
    /// Whether this is the role `name`.
    #[must_use]
    pub fn is_role(&self, name: &str) -> bool {
        matches!(self, Self::Role(role) if role == name)
    }
}

impl From<String> for Grantee {
    fn from(name: String) -> Self {
        if name == "public" { Self::Public } else { Self::Role(name) }
    }
}

impl From<Grantee> for String {
    fn from(grantee: Grantee) -> Self {
        match grantee {
            Grantee::Public => "public".to_owned(),
            Grantee::Role(name) => name,
        }
    }
}

/// Valid SQL: `PUBLIC`, or the quoted role.
impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("PUBLIC"),
            Self::Role(name) => f.write_str(&super::quote_ident(name)),
        }
    }
}

/// One ACL item: what `grantor` gave to `grantee`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Who holds the privileges.
    pub grantee: Grantee,
    /// Who gave them.
    pub grantor: String,
    /// The privileges held.
    pub privileges: PrivilegeSet,
    /// Those of them that the grantee may pass on (`WITH GRANT OPTION`).
    #[serde(default, skip_serializing_if = "is_empty_set")]
    pub grantable: PrivilegeSet,
    /// The statement that granted them, when known.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_empty_set(set: &PrivilegeSet) -> bool {
    set.is_empty()
}

/// The grants on one object, built-in defaults included (a NULL ACL in the catalog is expanded by `acldefault`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Acl(pub Vec<Grant>);

impl Acl {
    /// What `grantee` itself holds here, by any grantor.
    #[must_use]
    pub fn privileges_of(&self, grantee: &Grantee) -> PrivilegeSet {
        self.0.iter().filter(|g| g.grantee == *grantee).fold(PrivilegeSet::default(), |set, g| set.union(g.privileges))
    }

    /// The grants that give `privilege`.
    pub fn granting(&self, privilege: Privilege) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(move |g| g.privileges.contains(privilege))
    }

    /// Reads the text form of `aclitem[]`, one item a string.
    ///
    /// # Errors
    /// When an item is not of the form `grantee=letters/grantor`.
    pub fn parse<S: AsRef<str>>(items: &[S]) -> Result<Self, ParseAclError> {
        let mut grants = items.iter().map(|item| item.as_ref().parse()).collect::<Result<Vec<Grant>, _>>()?;
        grants.sort();
        Ok(Self(grants))
    }
}

/// An ACL item that does not have the catalog's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ACL item of the form grantee=privileges/grantor")]
pub struct ParseAclError(String);

impl FromStr for Grant {
    type Err = ParseAclError;

    fn from_str(item: &str) -> Result<Self, ParseAclError> {
        let bad = || ParseAclError(item.to_owned());
        let (grantee, rest) = take_role(item).ok_or_else(bad)?;
        let (letters, grantor) = rest.strip_prefix('=').and_then(|r| r.split_once('/')).ok_or_else(bad)?;
        let (grantor, end) = take_role(grantor).ok_or_else(bad)?;
        if !end.is_empty() {
            return Err(bad());
        }
        let (mut privileges, mut grantable, mut last) = (PrivilegeSet::default(), PrivilegeSet::default(), None);
        for letter in letters.chars() {
            if letter == '*' {
                grantable.insert(last.ok_or_else(bad)?);
            } else {
                let privilege = Privilege::from_letter(letter).ok_or_else(bad)?;
                privileges.insert(privilege);
                last = Some(privilege);
            }
        }
        let grantee = if grantee.is_empty() { Grantee::Public } else { Grantee::Role(grantee) };
        Ok(Self { grantee, grantor, privileges, grantable, origin: Origin::Catalog })
    }
}

/// Takes a role name, quoted or not, off the front of an ACL item.
fn take_role(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('=').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return Some((name.to_owned(), rest));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                name.push('"');
                chars.next();
            }
            '"' => return Some((name, quoted.get(at + 1..)?)),
            c => name.push(c),
        }
    }
    None
}

/// The kinds of object that default privileges can be set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum GrantObject {
    Tables,
    Sequences,
    Functions,
    Types,
    Schemas,
    LargeObjects,
}

impl GrantObject {
    /// The keyword of `ALTER DEFAULT PRIVILEGES ... ON`.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Tables => "TABLES",
            Self::Sequences => "SEQUENCES",
            Self::Functions => "FUNCTIONS",
            Self::Types => "TYPES",
            Self::Schemas => "SCHEMAS",
            Self::LargeObjects => "LARGE OBJECTS",
        }
    }
}

/// Privileges that objects which `role` creates will start with (`pg_default_acl`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultPrivileges {
    /// The role whose new objects are meant.
    pub role: String,
    /// The schema they are for; `None` means every schema, and then the list replaces the built-in default.
    pub schema: Option<String>,
    /// The kind of object.
    pub object: GrantObject,
    /// What is granted.
    pub acl: Acl,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_acl_items() {
        let grant: Grant = "anon=ar*wd/postgres".parse().unwrap();
        assert_eq!(grant.grantee, Grantee::Role("anon".into()));
        assert_eq!(
            grant.privileges.iter().map(Privilege::sql).collect::<Vec<_>>(),
            ["SELECT", "INSERT", "UPDATE", "DELETE"]
        );
        assert_eq!(grant.grantable.iter().collect::<Vec<_>>(), [Privilege::Select]);
        let public: Grant = "=X/postgres".parse().unwrap();
        assert_eq!(public.grantee, Grantee::Public);
        let odd: Grant = "\"a=\"\"b/c\"=U/\"x y\"".parse().unwrap();
        assert_eq!((odd.grantee, odd.grantor.as_str()), (Grantee::Role("a=\"b/c".into()), "x y"));
    }

    #[test]
    fn refuses_what_is_no_acl_item() {
        for bad in ["", "anon", "anon=r", "anon=?/p", "\"anon=r/p", "anon=*r/p", "a=r/\"b\"c"] {
            assert!(bad.parse::<Grant>().is_err(), "{bad}");
        }
    }
}
