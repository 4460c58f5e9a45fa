//! The model as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Bucket, Database, DefaultPrivileges, EventTrigger, Extension, ForeignDataWrapper, ForeignServer, Function,
    FunctionId, Gap, Language, LargeObjects, Membership, Namespace, Parameter, Publication, QualifiedName, Relation,
    Role, Server, ServerSetting, Setting, SourceFile, Subscription, Type, UserMapping,
};

/// The version of the snapshot format; raised when an older reader would misread a newer file.
pub const FORMAT: u32 = 1;

/// Everything that pgwitness knows of a database. System schemas are left out, except as namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Schema {
    /// [`FORMAT`].
    pub format: u32,
    /// The server.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// The files that statements come from; empty for a live database.
    pub files: Vec<SourceFile>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Roles, by name.
    pub roles: Vec<Role>,
    /// Memberships, by member and role.
    pub memberships: Vec<Membership>,
    /// Settings of roles and of the database.
    pub settings: Vec<Setting>,
    /// Settings of the server.
    pub server_settings: Vec<ServerSetting>,
    /// Namespaces, by name.
    pub namespaces: Vec<Namespace>,
    /// Relations, by name.
    pub relations: Vec<Relation>,
    /// Functions, by identity.
    pub functions: Vec<Function>,
    /// Types, by name.
    pub types: Vec<Type>,
    /// Default privileges, by role, schema and kind of object.
    pub default_privileges: Vec<DefaultPrivileges>,
    /// Languages, by name.
    pub languages: Vec<Language>,
    /// Extensions, by name.
    pub extensions: Vec<Extension>,
    /// Event triggers, by name.
    pub event_triggers: Vec<EventTrigger>,
    /// Publications, by name.
    pub publications: Vec<Publication>,
    /// Subscriptions, by name.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// Parameters with grants, by name.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Foreign-data wrappers, by name.
    pub foreign_data_wrappers: Vec<ForeignDataWrapper>,
    /// Foreign servers, by name.
    pub foreign_servers: Vec<ForeignServer>,
    /// User mappings, by server and user.
    pub user_mappings: Vec<UserMapping>,
    /// Large objects, grouped by owner and grants.
    pub large_objects: Vec<LargeObjects>,
    /// Storage buckets, by id.
    pub buckets: Vec<Bucket>,
}

impl Schema {
    /// An empty model of a database on `server`.
    #[must_use]
    pub fn new(server: Server, database: Database) -> Self {
        Self {
            format: FORMAT,
            server,
            database,
            files: Vec::new(),
            gaps: Vec::new(),
            roles: Vec::new(),
            memberships: Vec::new(),
            settings: Vec::new(),
            server_settings: Vec::new(),
            namespaces: Vec::new(),
            relations: Vec::new(),
            functions: Vec::new(),
            types: Vec::new(),
            default_privileges: Vec::new(),
            languages: Vec::new(),
            extensions: Vec::new(),
            event_triggers: Vec::new(),
            publications: Vec::new(),
            subscriptions: Vec::new(),
            parameters: Vec::new(),
            foreign_data_wrappers: Vec::new(),
            foreign_servers: Vec::new(),
            user_mappings: Vec::new(),
            large_objects: Vec::new(),
            buckets: Vec::new(),
        }
    }

    /// Puts every list into its order; look-ups rely on it, and equal databases then give equal models.
    pub fn sort(&mut self) {
        self.gaps.sort();
        self.roles.sort_by(|a, b| a.name.cmp(&b.name));
        self.memberships.sort();
        self.settings.sort();
        self.server_settings.sort();
        self.namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        self.relations.sort_by(|a, b| a.name.cmp(&b.name));
        for relation in &mut self.relations {
            relation.parents.sort();
            relation.constraints.sort_by(|a, b| a.name.cmp(&b.name));
            relation.indexes.sort_by(|a, b| a.name.cmp(&b.name));
            relation.policies.sort();
            relation.triggers.sort_by(|a, b| a.name.cmp(&b.name));
            relation.rules.sort_by(|a, b| a.name.cmp(&b.name));
        }
        self.functions.sort_by(|a, b| a.id.cmp(&b.id));
        self.types.sort_by(|a, b| a.name.cmp(&b.name));
        self.default_privileges.sort_by(|a, b| (&a.role, &a.schema, a.object).cmp(&(&b.role, &b.schema, b.object)));
        self.languages.sort_by(|a, b| a.name.cmp(&b.name));
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.event_triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.publications.sort_by(|a, b| a.name.cmp(&b.name));
        self.subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
        self.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        self.foreign_data_wrappers.sort_by(|a, b| a.name.cmp(&b.name));
        self.foreign_servers.sort_by(|a, b| a.name.cmp(&b.name));
        self.user_mappings.sort();
        self.large_objects.sort_by(|a, b| (&a.owner, &a.acl.0, a.count).cmp(&(&b.owner, &b.acl.0, b.count)));
        self.buckets.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// The role of that name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        find(&self.roles, |r| r.name.as_str().cmp(name))
    }

    /// The namespace of that name.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        find(&self.namespaces, |n| n.name.as_str().cmp(name))
    }

    /// The relation of that name.
    #[must_use]
    pub fn relation(&self, name: &QualifiedName) -> Option<&Relation> {
        find(&self.relations, |r| r.name.cmp(name))
    }

    /// The function of that identity.
    #[must_use]
    pub fn function(&self, id: &FunctionId) -> Option<&Function> {
        find(&self.functions, |f| f.id.cmp(id))
    }

    /// The setting `name` that sessions of `role` start with: the role's own in this database, the role's,
    /// the database's, then that of all roles, as `ALTER ROLE` documents.
    #[must_use]
    pub fn setting_of(&self, role: &str, name: &str) -> Option<&str> {
        let find = |role: Option<&str>, here: bool| {
            self.settings
                .iter()
                .find(|s| s.role.as_deref() == role && s.this_database == here && s.name.eq_ignore_ascii_case(name))
        };
        [(Some(role), true), (Some(role), false), (None, true), (None, false)]
            .into_iter()
            .find_map(|(role, here)| find(role, here))
            .map(|s| s.value.as_str())
    }
}

fn find<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> Option<&T> {
    sorted.binary_search_by(compare).ok().and_then(|at| sorted.get(at))
}
