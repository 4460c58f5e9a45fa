//! Temporary tables in the place of those that functions with their owner's rights name without a schema.
//!
//! Such a table is found first where the path does not name `pg_temp` last. The role makes empty ones of the same columns,
//! calls the function, and the server's own counters tell whether the function used them.

use super::arguments::{self, Choice};
use super::rights::{ASKED, Holder, MOST, asked};
use crate::checks::bare_names;
use crate::connector::ConnectError;
use crate::impersonation::trial::{claims, setting_names};
use crate::model::{Function, FunctionKind, Privilege, Relation, quote_ident, quote_literal};
use crate::report::{DoorKind, DoorTrial};

impl Holder<'_, '_, '_> {
    /// Every such function that the role may call. Through the Data API nobody makes tables.
    pub(super) async fn temporary_tables(&self, out: &mut Vec<DoorTrial>) -> Result<(), ConnectError> {
        if self.guest.persona.is_api {
            return Ok(());
        }
        let schema = self.setting.effective.schema();
        for function in schema.functions.iter().filter(|f| f.security_definer && self.calls(f)).take(MOST) {
            let names = bare_names(schema, function);
            let meant: Vec<_> = names.iter().filter_map(|name| self.meant(function, name)).collect();
            let arguments = arguments::of(self.setting, self.guest, function, Choice::Other);
            let Some(arguments) = arguments.filter(|_| !meant.is_empty()) else { continue };
            let verb = if function.kind == FunctionKind::Procedure { "call" } else { "select * from" };
            let call = format!("{verb} {}({})", function.id.qualified(), arguments.list);
            out.push(self.lured(function, &meant, &call).await?);
        }
        Ok(())
    }

    async fn lured(&self, function: &Function, meant: &[&Relation], call: &str) -> Result<DoorTrial, ConnectError> {
        let of = |relation: &&Relation| {
            let columns: Vec<_> =
                relation.columns.iter().map(|c| format!("{} {}", quote_ident(&c.name), c.data_type)).collect();
            let name = quote_ident(&relation.name.name).into_owned();
            format!("create temporary table {name} ({}); grant all on pg_temp.{name} to public", columns.join(", "))
        };
        let made: Vec<_> = meant.iter().map(of).collect();
        let named =
            |r: &&Relation| format!("{}::regclass", quote_literal(&format!("pg_temp.{}", quote_ident(&r.name.name))));
        let named: Vec<_> = meant.iter().map(named).collect();
        let act = format!("{}; set local search_path = pg_temp, public, extensions; {call}", made.join("; "));
        let message = format!(
            "{}{}; set local role none; select relname as {ASKED} from pg_catalog.pg_stat_xact_all_tables \
             where relid in ({}) and seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1",
            claims(self.guest, &setting_names(self.setting.guests)),
            self.acting(&act),
            named.join(", ")
        );
        let answer = self.session.send(&message).await?;
        let mut trial = self.trial(DoorKind::TempTable, &function.id.to_string(), &act, &answer);
        let used = asked(&answer);
        if !used.is_empty() {
            trial.reached.push(format!(
                "{}, which runs as {}, used the temporary table {} that {} made in the place of its own",
                function.id,
                function.owner,
                used.join(", "),
                self.role
            ));
        }
        Ok(trial)
    }

    /// The table that a function means by a bare name, by its path or else `public`.
    fn meant(&self, function: &Function, name: &str) -> Option<&Relation> {
        let path = function.search_path.as_deref().unwrap_or("public");
        let path: Vec<_> = path.split(',').map(|s| s.trim().trim_matches('"')).collect();
        let of_name = self.setting.effective.schema().relations.iter().filter(|r| r.name.name == name);
        of_name.min_by_key(|r| path.iter().position(|s| *s == r.name.schema).unwrap_or(usize::MAX))
    }

    /// Whether the role may call a function of the application by its name.
    pub(super) fn calls(&self, function: &Function) -> bool {
        let effective = self.setting.effective;
        let namespace = effective.schema().namespace(&function.id.schema);
        function.extension.is_none()
            && function.is_callable()
            && matches!(function.kind, FunctionKind::Function | FunctionKind::Procedure)
            && !effective.is_platform_object(&function.id.schema, &function.owner)
            && namespace.is_some_and(|n| effective.holds_on_namespace(self.role, n, Privilege::Usage).is_some())
            && effective.may_execute(self.role, function).is_some()
    }
}
