//! Variables of PL/pgSQL as steps: each assignment is a new version, and a row is its fields.

use super::program::Run;
use super::statement::{Block, DeclaredAs, Statement};
use super::{Read, first_row, scalar, unread};
use crate::model::{ArgumentMode, Function};
use crate::sql::Type;
use crate::sql::bind::Scope;
use crate::sql::tree::{Body, Expr, Node, Query};

impl Run<'_> {
    /// OUT parameters are variables.
    pub(super) fn outputs(&mut self, function: &Function, scope: &mut Scope) -> Read<()> {
        let outputs: Vec<_> = function
            .parameters
            .iter()
            .filter(|p| matches!(p.mode, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table))
            .collect();
        for parameter in &outputs {
            let Some(name) = &parameter.name else { return unread("an OUT parameter without a name") };
            if parameter.mode != ArgumentMode::InOut {
                self.let_constant(scope, name, &parameter.data_type, None);
            }
        }
        match outputs.as_slice() {
            [one] if !self.set => {
                self.out = one.name.clone();
                self.returns = Type::parse(&one.data_type);
            }
            [] => {}
            _ if self.set => {}
            _ => return unread("a row for its result"),
        }
        Ok(())
    }

    pub(super) fn let_constant(&mut self, scope: &mut Scope, name: &str, of: &str, value: Option<&str>) {
        let constant = Expr { node: Node::Constant(value.map(str::to_owned)), data_type: Type::parse(of), range: 0..0 };
        self.let_value(scope, name, constant);
    }

    /// A new version of a variable; those of other paths have places, but no names here.
    pub(super) fn let_value(&mut self, scope: &mut Scope, name: &str, value: Expr) {
        while scope.parameters() < self.parameters + self.steps.len() {
            scope.add_parameter(None, Type::named("unknown"));
        }
        scope.add_parameter(Some(name), value.data_type.clone());
        self.steps.push(value);
    }

    /// A step without a name: the value that stands for it.
    pub(super) fn step(&mut self, value: Expr) -> Expr {
        let (place, data_type) = (self.parameters + self.steps.len(), value.data_type.clone());
        self.steps.push(value);
        Expr { node: Node::Parameter(place), data_type, range: 0..0 }
    }

    /// The variables of a block.
    pub(super) fn declare(&mut self, block: &Block, scope: &mut Scope) -> Read<()> {
        for declaration in &block.declarations {
            match &declaration.of {
                DeclaredAs::Record => continue,
                DeclaredAs::Alias(_) => return unread("an ALIAS"),
                DeclaredAs::Type(text) => {
                    let of = self
                        .binder
                        .data_type(text)
                        .or_else(|error| unread(format!("the type of a variable ({error})")))?;
                    if let Some(fields) = self.fields_of(&of) {
                        self.declare_row(&declaration.name, declaration.value.as_deref(), fields, scope)?;
                        continue;
                    }
                    let value = match &declaration.value {
                        Some(value) => self.expression(value, scope, Some(&of))?,
                        None => Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 },
                    };
                    let value = Expr { data_type: of, ..value };
                    self.let_value(scope, &declaration.name, value);
                }
            }
        }
        Ok(())
    }

    /// The fields of a relation's row type.
    fn fields_of(&self, of: &Type) -> Option<Vec<(String, Type)>> {
        let name = of.qualified().filter(|_| !of.is_array())?;
        let table = self.binder.relation(Some(&name.schema), &name.name)?;
        Some(table.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect())
    }

    /// A variable of a row type is its fields, NULL at first.
    fn declare_row(
        &mut self,
        name: &str,
        value: Option<&str>,
        fields: Vec<(String, Type)>,
        scope: &mut Scope,
    ) -> Read<()> {
        if value.is_some() {
            return unread("a first value of a variable of a row type");
        }
        for (field, of) in &fields {
            let null = Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 };
            self.let_value(scope, &Scope::field_name(name, field), null);
        }
        self.rows.insert(name.to_owned(), fields);
        Ok(())
    }

    /// `name := value`
    pub(super) fn assign(&mut self, variable: &str, value: &str, scope: &mut Scope) -> Read<()> {
        let Some(of) = scope.parameter_type(variable).cloned() else {
            return unread(format!("an assignment to `{}`", crate::model::printable(variable)));
        };
        let value = self.expression(value, scope, Some(&of))?;
        self.let_value(scope, variable, Expr { data_type: of, ..value });
        Ok(())
    }

    /// The variables take the first row's columns, NULL without a row.
    pub(super) fn select_into(
        &mut self,
        query: &str,
        strict: bool,
        variables: &[String],
        scope: &mut Scope,
    ) -> Read<()> {
        let query = self.query(query, scope)?;
        let before = scope.clone();
        let record = match variables {
            [one] => !before.has_parameter(one) || before.parameter_type(one).is_some_and(|of| self.is_row(of)),
            _ => false,
        };
        if record {
            let Some(name) = variables.first() else { return Ok(()) };
            if before.has_parameter(name) {
                return unread("a variable of a row type");
            }
            match self.rows.get(name).cloned() {
                // A row takes columns by their places, a record by their names.
                Some(fields) => self.fill_row(name, &fields, &query, strict, scope)?,
                None => {
                    // Fields of what it was before are gone.
                    scope.end_name(name, 0);
                    for (at, column) in query.columns.iter().enumerate() {
                        let value = pick(&query, at, strict)?;
                        self.let_value(scope, &Scope::field_name(name, &column.name), value);
                    }
                }
            }
        } else {
            for (at, variable) in variables.iter().enumerate() {
                let Some(of) = before.parameter_type(variable).cloned() else {
                    return unread(format!("an assignment to `{}`", crate::model::printable(variable)));
                };
                // Columns that are missing give NULL.
                let value = if at < query.columns.len() {
                    let value = pick(&query, at, strict)?;
                    self.binder.assigned(value, &of).or_else(|error| unread(format!("an assignment ({error})")))?
                } else {
                    Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 }
                };
                self.let_value(scope, variable, Expr { data_type: of, ..value });
            }
        }
        if strict {
            self.demand_row(query.clone());
        }
        self.let_value(scope, "found", exists(query));
        Ok(())
    }

    fn fill_row(
        &mut self,
        name: &str,
        fields: &[(String, Type)],
        query: &Query,
        strict: bool,
        scope: &mut Scope,
    ) -> Read<()> {
        for (at, (field, of)) in fields.iter().enumerate() {
            let value = if at < query.columns.len() {
                let value = pick(query, at, strict)?;
                self.binder.assigned(value, of).or_else(|error| unread(format!("an assignment ({error})")))?
            } else {
                Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 }
            };
            self.let_value(scope, &Scope::field_name(name, field), Expr { data_type: of.clone(), ..value });
        }
        Ok(())
    }

    fn is_row(&self, of: &Type) -> bool {
        of.is("record") || of.qualified().is_some_and(|n| self.binder.relation(Some(&n.schema), &n.name).is_some())
    }
}

/// The variables that statements may set, rows and records by their own names.
pub(super) fn set_by(list: &[Statement], names: &mut Vec<String>) {
    for statement in list {
        match statement {
            Statement::Assign { variable, .. } => names.push(variable.clone()),
            Statement::SelectInto { variables, .. } => names.extend(variables.iter().cloned()),
            Statement::If { branches, otherwise } => {
                branches.iter().for_each(|(_, list)| set_by(list, names));
                set_by(otherwise, names);
            }
            Statement::Block(block) => {
                set_by(&block.statements, names);
                block.handlers.iter().for_each(|list| set_by(list, names));
            }
            _ => {}
        }
    }
}

/// Whether a query has a row.
pub(super) fn exists(query: Query) -> Expr {
    Expr { node: Node::Exists(Box::new(query)), data_type: Type::named("boolean"), range: 0..0 }
}

/// One column of a query's first row; STRICT wants the only row.
fn pick(query: &Query, at: usize, strict: bool) -> Read<Expr> {
    let mut query = query.clone();
    if query.columns.len() > 1 {
        let Body::Select(select) = &mut query.body else { return unread("several columns of a UNION") };
        let target = (at < select.targets.len()).then(|| select.targets.swap_remove(at));
        select.targets = target.into_iter().collect();
        let column = query.columns.swap_remove(at);
        query.columns = vec![column];
        query.order_by.iter_mut().for_each(|o| o.target = None);
    }
    Ok(if strict { scalar(query) } else { first_row(query) })
}
