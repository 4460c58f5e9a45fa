//! The rows of FROM: tables, joins, sub-selects, WITH queries and functions.

use super::query::Branch;
use super::{Binding, Obstacle, Outcome, Resolver, obstacle};
use crate::analyzer::term::{Id, Query, Type};
use crate::sql::tree::{self, FromItem, JoinKind, Node, Select, SourceKind};

impl Resolver<'_> {
    /// Each branch with each row of an item of FROM.
    pub(super) fn extend(&mut self, branches: Vec<Branch>, item: &FromItem, select: &Select) -> Outcome<Vec<Branch>> {
        let mut extended = Vec::new();
        for branch in branches {
            extended.extend(self.item(branch, item, select)?);
            if extended.len() > 64 {
                return obstacle("a join with too many cases");
            }
        }
        Ok(extended)
    }

    fn item(&mut self, branch: Branch, item: &FromItem, select: &Select) -> Outcome<Vec<Branch>> {
        match item {
            FromItem::Source(at) => self.source(branch, *at, select),
            FromItem::Join { kind: JoinKind::Inner | JoinKind::Cross, left, right, on, .. } => {
                let left = self.item(branch, left, select)?;
                let mut joined = self.extend(left, right, select)?;
                self.demand(&mut joined, on.as_ref())?;
                Ok(joined)
            }
            FromItem::Join { kind: JoinKind::Left, left, right, on, .. } => {
                self.outer_join(branch, left, right, on.as_ref(), select)
            }
            FromItem::Join { kind: JoinKind::Right, left, right, on, .. } => {
                self.outer_join(branch, right, left, on.as_ref(), select)
            }
            FromItem::Join { kind: JoinKind::Full, .. } => obstacle("FULL JOIN"),
        }
    }

    fn demand(&mut self, branches: &mut [Branch], on: Option<&tree::Expr>) -> Outcome<()> {
        let Some(on) = on else { return Ok(()) };
        for branch in branches {
            let condition = self.inside(branch, |this| Ok(this.expression(on)))?;
            branch.conditions.push(condition);
        }
        Ok(())
    }

    /// The rows that match, and each row of `kept` that nothing matches, with NULL for the rest.
    fn outer_join(
        &mut self,
        branch: Branch,
        kept: &FromItem,
        other: &FromItem,
        on: Option<&tree::Expr>,
        select: &Select,
    ) -> Outcome<Vec<Branch>> {
        let mut result = Vec::new();
        for left in self.item(branch, kept, select)? {
            let mut matches = self.item(left.clone(), other, select)?;
            self.demand(&mut matches, on)?;
            let mut found = Vec::new();
            for one in &matches {
                let yes = self.terms.boolean(true);
                let new = |all: usize, from: usize| (from..all).collect::<Vec<_>>();
                let rows = new(one.rows.len(), left.rows.len()).into_iter().filter_map(|at| one.rows.get(at).copied());
                let conditions = one.conditions.get(left.conditions.len()..).unwrap_or_default();
                let condition = self.terms.and(conditions);
                found.push(Query { rows: rows.collect(), condition, projection: yes });
            }
            let exists = self.terms.exists(&found);
            let mut lonely = left.clone();
            lonely.conditions.push(self.terms.not(exists));
            for at in sources_of(other) {
                let nulls: Option<Vec<_>> = select.sources.get(at).map(|s| {
                    let types = s.columns.iter().map(|c| self.data_type(&c.data_type)).collect::<Vec<_>>();
                    types.into_iter().map(|t| self.terms.null(t)).collect()
                });
                if let (Some(slot), Some(nulls)) = (lonely.level.get_mut(at), nulls) {
                    *slot = Binding::Columns(nulls);
                }
            }
            result.extend(matches);
            result.push(lonely);
        }
        Ok(result)
    }

    fn source(&mut self, branch: Branch, at: usize, select: &Select) -> Outcome<Vec<Branch>> {
        let Some(source) = select.sources.get(at) else { return obstacle("an item of FROM") };
        match &source.kind {
            SourceKind::Relation { sample: true, .. } => obstacle("TABLESAMPLE"),
            SourceKind::Relation { only: true, name, .. } if !self.bindings.lineage().below(name).is_empty() => {
                obstacle(format!("ONLY {name}, without its children"))
            }
            SourceKind::Relation { key: Some(key), .. } => {
                let place = usize::try_from(key.0).unwrap_or(usize::MAX);
                self.relation_rows(&branch, at, place, &source.name)
            }
            SourceKind::Relation { name, .. } => obstacle(format!("{name}")),
            SourceKind::Query(query) => {
                let rows = self.inside(&branch, |this| this.all_rows(query))?;
                Ok(rows.into_iter().map(|inner| branch.joined(at, inner)).collect())
            }
            SourceKind::Cte { recursive: true, up, place, .. } => {
                let owner = self.ctes.len().checked_sub(1 + up).and_then(|at| self.ctes.get(at));
                match owner.and_then(|all| all.get(*place)).cloned() {
                    Some(cte) => self.note_variance_of(&cte.query),
                    None => self.varying += 1,
                }
                Ok(vec![self.any_rows(branch, at, "WITH RECURSIVE", &source.columns)])
            }
            SourceKind::Cte { up, place, .. } => {
                let rows = self.inside(&branch, |this| this.cte(*up, *place))?;
                Ok(rows.into_iter().map(|inner| branch.joined(at, inner)).collect())
            }
            SourceKind::Functions { calls, ordinality: false, .. } => {
                let [call] = calls.as_slice() else { return obstacle("ROWS FROM") };
                match self.inside(&branch, |this| this.function_rows(call)) {
                    Ok(rows) => Ok(rows.into_iter().map(|inner| branch.joined(at, inner)).collect()),
                    Err(Obstacle(why)) => {
                        self.note_variance(call);
                        let given = self.inside(&branch, |this| Ok(this.needed_by(call)))?;
                        let mut rows = self.any_rows(branch, at, &why, &source.columns);
                        rows.conditions.extend(given);
                        Ok(vec![rows])
                    }
                }
            }
            SourceKind::Functions { .. } => obstacle("WITH ORDINALITY"),
            SourceKind::Given { .. } => obstacle("a row from outside"),
        }
    }

    /// The rows of a WITH query, which sees what is in scope where it is written.
    fn cte(&mut self, up: usize, place: usize) -> Outcome<Vec<Branch>> {
        let Some(owner) = self.ctes.len().checked_sub(1 + up) else { return obstacle("WITH") };
        let Some(cte) = self.ctes.get(owner).and_then(|all| all.get(place)).cloned() else { return obstacle("WITH") };
        let (levels, ctes) = (self.levels.split_off(owner + 1), self.ctes.split_off(owner + 1));
        let rows = self.all_rows(&cte.query);
        self.levels.extend(levels);
        self.ctes.extend(ctes);
        rows
    }

    /// Rows of which nothing is known, whatever they depend on.
    fn any_rows(&mut self, mut branch: Branch, at: usize, why: &str, columns: &[tree::OutputColumn]) -> Branch {
        let row = self.terms.unknown_row(&format!("{why} in {:?}", self.inside.last()), "rows", why);
        branch.rows.push(row);
        let scope: Vec<_> = self.scope.iter().chain(&branch.rows).copied().collect();
        let types: Vec<_> = columns.iter().map(|c| self.data_type(&c.data_type)).collect();
        let values = types.into_iter().map(|t| self.terms.opaque(why, t, &scope)).collect();
        branch.conditions.push(self.terms.opaque(why, Type::Bool, &scope));
        if let Some(slot) = branch.level.get_mut(at) {
            *slot = Binding::Columns(values);
        }
        branch
    }

    /// What a built-in function gives rows of nothing without: its arguments, where it is STRICT.
    fn needed_by(&mut self, call: &tree::Expr) -> Vec<Id> {
        let Node::Call(call) = &call.node else { return Vec::new() };
        if call.routine.key.is_some() || !call.routine.strict || call.variadic {
            return Vec::new();
        }
        let args = self.each(&call.arguments);
        args.into_iter().map(|arg| self.terms.is_not_null(arg)).collect()
    }

    /// The rows of a function in FROM.
    pub(super) fn function_rows(&mut self, call: &tree::Expr) -> Outcome<Vec<Branch>> {
        let Node::Call(inner) = &call.node else { return obstacle("a function in FROM") };
        if inner.routine.key.is_some() && inner.routine.returns_set {
            return self.set_function(inner);
        }
        if inner.routine.returns_set {
            return obstacle(format!("the rows of {}", inner.routine.name.name));
        }
        let value = self.expression(call);
        Ok(vec![Branch { columns: vec![value], ..Branch::default() }])
    }

    fn relation_rows(&mut self, branch: &Branch, at: usize, place: usize, alias: &str) -> Outcome<Vec<Branch>> {
        let Some(relation) = self.relation_at(place) else { return obstacle("a relation that is not known") };
        if let (crate::model::RelationKind::View, Some(view)) = (relation.kind, &relation.view) {
            // A view reads other views by its own rights, as it reads tables.
            let refused = self.refused(relation);
            let rows = self.inside(branch, |this| this.view_rows(relation, view))?;
            let mut branches: Vec<_> = rows.into_iter().map(|inner| branch.joined(at, inner)).collect();
            branches.iter_mut().for_each(|branch| branch.conditions.extend(refused));
            return Ok(branches);
        }
        let row = self.terms.row(&relation.name, alias);
        let mut branch = branch.clone();
        branch.rows.push(row);
        if let Some(slot) = branch.level.get_mut(at) {
            *slot = Binding::Row(row, place);
        }
        let visible = match self.write.take() {
            Some(write) => self.written(write, relation, row)?,
            None => self.row_security(relation, row)?,
        };
        branch.conditions.push(visible);
        Ok(vec![branch])
    }
}

/// The items of FROM in a join.
fn sources_of(item: &FromItem) -> Vec<usize> {
    match item {
        FromItem::Source(at) => vec![*at],
        FromItem::Join { left, right, .. } => [sources_of(left), sources_of(right)].concat(),
    }
}
