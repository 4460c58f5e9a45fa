use super::dynamic::injectable;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, FunctionKind, Platform, printable};

declare_check! {
    /// A function that clients may call runs SQL into which it pastes their text.
    ///
    /// `EXECUTE 'select .. where name = ''' || p_name || ''''` runs whatever the argument says. In a SECURITY DEFINER
    /// function that is the owner's SQL. In one that runs as the caller it is worse than it looks: the session belongs to
    /// the login role of the API (`authenticator`), and the pasted text can `SET ROLE` to all that it is a member of, the
    /// service role included, whom row security does not bind.
    ///
    /// Critical where clients reach the function; low where the text is tested before (a list of allowed values, a pattern).
    /// Arguments of text, names and JSON count, through variables too; not those that only hold numbers, ids or dates, nor
    /// what passes `quote_ident`, `quote_literal`, `format` with `%I` or `%L`, or `USING`.
    pub(super) struct DynamicSqlInjection {
        id: "dynamic-sql-injection",
        title: "callable function that pastes arguments into SQL",
        severity: Critical,
        bad: "
            create table public.parts (id bigint primary key, owner uuid not null, name text);
            alter table public.parts enable row level security;
            grant select on public.parts to anon, authenticated;
            create policy own on public.parts for select to authenticated using (owner = (select auth.uid()));
            create function public.find_parts(p_name text) returns setof public.parts language plpgsql stable
                set search_path = '' as $$
            begin
                return query execute 'select * from public.parts where name like ''%' || coalesce(p_name, '') || '%''';
            end $$;
        ",
        good: "
            create table public.parts (id bigint primary key, owner uuid not null, name text);
            alter table public.parts enable row level security;
            grant select on public.parts to authenticated;
            create policy own on public.parts for select to authenticated using (owner = (select auth.uid()));
            create function public.find_parts(p_name text, p_order text) returns setof public.parts language plpgsql stable
                set search_path = '' as $$
            begin
                return query execute format('select * from public.parts where name like $1 order by %I', p_order)
                    using '%' || p_name || '%';
            end $$;
        ",
    }
}

impl Check for DynamicSqlInjection {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let own = cx.schema.functions.iter().filter(|f| f.extension.is_none() && f.is_callable());
        let own = own.filter(|f| matches!(f.kind, FunctionKind::Function | FunctionKind::Procedure));
        for function in own.filter(|f| !cx.effective.is_platform_object(&f.id.schema, &f.owner)) {
            if function.language == "plpgsql" {
                out.examine(ObjectRef::function(&function.id));
                report(cx, function, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let principals: Vec<_> = cx.may_call(function).collect();
    let Some(first) = principals.first() else { return };
    let Some(pasted) = injectable(function) else { return };
    let (worst, confidence) =
        if pasted.tested { (Severity::Low, Confidence::Possible) } else { (Severity::Critical, Confidence::Likely) };
    // Whoever speaks SQL as the caller gains nothing from a function that runs as the caller.
    let speaks_sql = !first.is_api() || cx.schema.server.platform != Platform::Supabase;
    if speaks_sql && !function.security_definer {
        return;
    }
    let as_whom = if function.security_definer {
        format!("as its owner {}", printable(&function.owner))
    } else {
        "as the caller, and can SET ROLE to all that the API's login role may become".to_owned()
    };
    let parameter = printable(&pasted.parameter);
    let message = format!(
        "{} can call {}, which pastes {parameter} into the SQL that it runs: what they write there runs {as_whom}.{}",
        subject(first),
        function.id,
        if pasted.tested { " It tests the text before; check that nothing else passes." } else { "" }
    );
    let title = format!("{} pastes {parameter} into SQL", function.id);
    let mut draft = Draft::new(ObjectRef::function(&function.id), cx.severity(worst, first, true), title, message)
        .confidence(confidence)
        .principal(&first.role)
        .reproduce(cx.reproduce_call(first, function, true))
        .fix(format!(
            "-- in {}, pass values with USING and names with format('%I'), or until then:\n{}",
            function.id,
            cx.revoke_execute(function, &principals)
        ))
        .evidence("body", format!("EXECUTE {}", printable(&pasted.text)))
        .origin(function.origin);
    for principal in &principals {
        if let Some(holding) = cx.effective.may_execute(&principal.role, function) {
            draft = draft.evidence("privilege", format!("{}: EXECUTE {holding}", printable(&principal.role)));
        }
    }
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::findings;

    #[test]
    fn tells_pasted_text_from_quoted() {
        let cases = [
            ("p text", "execute 'select ' || p;", "critical"),
            ("p text", "execute format('select * from t where x = %s', p);", "critical"),
            ("p text", "execute format('select * from %I where x = %L', p, p);", ""),
            ("p text, q text", "execute format('select %2$s from %1$I', p, q);", "critical"),
            ("p text, q text", "execute format('select %1$L from %2$I', p, q);", ""),
            ("p text", "execute 'select ' || quote_literal(p);", ""),
            ("p text", "execute 'select $1' using p;", ""),
            ("p text", "execute 'select ' || quote_ident(p) || upper(p);", "critical"),
            ("p uuid", "execute 'select ' || p;", ""),
            ("p text", "execute 'select ' || p::int;", ""),
            ("p jsonb", "execute 'select ' || (p ->> 'x');", "critical"),
            ("p text", "declare s text; begin s := 'select ' || p; execute s; end;", "critical"),
            ("p text", "declare s text; begin s := 'select ' || quote_literal(p); execute s; end;", ""),
            ("p text", "declare s text := 'x'; begin if p = 'a' then s := s || ' desc'; end if; execute s; end;", ""),
            ("p text", "if p not in ('a', 'b') then raise exception 'no'; end if; execute 'select ' || p;", "low"),
            ("p text", "execute 'select ' || case p when 'a' then 'b' else 'c' end;", ""),
            ("p text", "for r in execute 'select ' || p loop null; end loop;", "critical"),
            ("p text", "execute 'select 1'; perform p;", ""),
            ("", "execute 'grant execute on function f() to x';", ""),
        ];
        for (parameters, body, expected) in cases {
            let sql = format!(
                "create function f({parameters}) returns void language plpgsql as $$ declare r record; begin {body} end $$;"
            );
            let found = findings("dynamic-sql-injection", &sql);
            let words: Vec<_> = found.iter().map(|f| f.severity.word()).collect();
            assert_eq!(words.join(" "), expected, "{parameters} {body}");
        }
    }

    #[test]
    fn follows_who_may_call() {
        let sql = "create function f(p text) returns void language plpgsql as $$ begin execute p; end $$;";
        assert_eq!(findings("dynamic-sql-injection", sql).len(), 1);
        let closed = format!("{sql} revoke execute on function f(text) from public, anon, authenticated;");
        assert!(findings("dynamic-sql-injection", &closed).is_empty());
    }
}
