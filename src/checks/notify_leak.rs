use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, printable};

declare_check! {
    /// A trigger sends the values of rows by NOTIFY, and a login role that row-level security binds can listen.
    ///
    /// Channels have no owner and no privileges: any role that may connect can LISTEN to any of them, and gets what is sent
    /// whoever may read the rows. Send a key, and let the listener read the row, where policies decide.
    ///
    /// Low. Not reported: what is sent without values of the row, and databases to which only roles log in that row-level
    /// security does not bind; requests of the Data API cannot LISTEN.
    pub(super) struct NotifyLeak {
        id: "notify-leak",
        title: "rows that are sent to whoever listens",
        severity: Low,
        bad: "
            create role board login;
            create table public.bids (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.bids enable row level security;
            create policy own on public.bids for select to board using (amount > 0);
            create function public.tell() returns trigger language plpgsql set search_path = '' as $$
                begin perform pg_notify('bids', row_to_json(new)::text); return new; end $$;
            create trigger tell after insert on public.bids for each row execute function public.tell();
        ",
        good: "
            create role board login;
            create table public.bids (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.bids enable row level security;
            create policy own on public.bids for select to board using (amount > 0);
            create function public.tell() returns trigger language plpgsql set search_path = '' as $$
                begin perform pg_notify('bids', 'changed'); return new; end $$;
            create trigger tell after insert on public.bids for each row execute function public.tell();
        ",
    }
}

impl Check for NotifyLeak {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let listener = cx.bound_principals().find(|p| p.who == Who::Login && !p.is_api());
        for table in cx.relations().filter(|r| r.row_security) {
            for trigger in &table.triggers {
                let Some(function) = cx.schema.function(&trigger.function) else { continue };
                out.examine(ObjectRef::function(&function.id));
                let Some(listener) = listener.filter(|_| sends_row(function)) else { continue };
                let message = format!(
                    "{} can LISTEN, and {} sends values of rows of {}, whatever policies say of them.",
                    subject(listener),
                    function.id,
                    table.name
                );
                let title = format!("{} sends rows of {} to whoever listens", function.id, table.name);
                out.report(
                    Draft::new(ObjectRef::function(&function.id), Severity::Low, title, message)
                        .confidence(Confidence::Likely)
                        .principal(&listener.role)
                        .detail(printable(&table.name.to_string()).into_owned())
                        .fix("-- send the key of the row alone, and let the listener read it")
                        .origin(function.origin),
                );
            }
        }
    }
}

/// Whether a value of the row stands in a call of `pg_notify`: the row as a whole, or a column that is no key.
fn sends_row(function: &Function) -> bool {
    let body: String = function.body.to_lowercase().split_whitespace().collect();
    let sent = body.split("pg_notify(").skip(1).filter_map(|rest| rest.split(';').next());
    let tells = |text: &str| {
        let whole = ["(new)", "(old)", "(new.*", "(old.*", "(new,", "(old,"].iter().any(|w| text.contains(w));
        let column = |row: &str| {
            let named = text.split(row).skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                rest.get(..end).unwrap_or_default()
            });
            named.into_iter().any(|name| !name.is_empty() && name != "id" && !name.ends_with("_id"))
        };
        whole || column("new.") || column("old.")
    };
    sent.into_iter().any(tells)
}
