//! Grants on configuration parameters, which the catalog knows only while somebody has one.

use super::catalog::acl::{Acl, Kind};
use super::catalog::names::Space;
use super::catalog::object::GrantedParameter;
use super::catalog::{Id, ROOT};
use super::grants::Listed;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::grant::PrivilegeGrant;

impl Run {
    pub(super) fn grant_on_parameters(&mut self, grant: &PrivilegeGrant, names: &[String]) -> Result {
        if self.catalog.major < 15 {
            return reject(state::SYNTAX, "grants on parameters came with Postgres 15");
        }
        self.grant_on(grant, names, |run, name| Ok(vec![Listed::Parameter(run.parameter(name))]))?;
        for name in names {
            let id = self.parameter(name);
            self.drop_needless_parameter(id);
        }
        Ok(())
    }

    /// The row of a parameter, which is made if nobody was granted it yet.
    fn parameter(&mut self, name: &str) -> Id {
        let name = name.to_lowercase();
        if let Some(id) = self.catalog.names.find(Space::Parameter, ROOT, &name) {
            return id;
        }
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Parameter, ROOT, &name, id);
        self.catalog.parameters.insert(id, GrantedParameter { name, acl: None, origin: self.origin });
        id
    }

    /// Takes away a row that says what holds anyhow.
    pub(super) fn drop_needless_parameter(&mut self, id: Id) {
        let base = Acl::of_nothing_said(Kind::Parameter, self.catalog.superuser, self.catalog.major);
        let needless = |row: &GrantedParameter| row.acl.as_ref().is_none_or(|acl| acl.same(&base));
        if self.catalog.parameters.get(id).is_some_and(needless)
            && let Some(row) = self.catalog.parameters.remove(id)
        {
            self.catalog.names.remove(Space::Parameter, ROOT, &row.name, id);
        }
    }
}
