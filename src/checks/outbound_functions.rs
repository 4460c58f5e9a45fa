use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{ArgumentMode, Function, Privilege, printable};
use crate::sql::lex::Kind;
use crate::sql::parse;

declare_check! {
    /// Clients may call a function that makes the database server connect elsewhere, to a place of their choice.
    ///
    /// The `http`, `pg_net` and `dblink` extensions open connections from inside the network of the database: to
    /// internal services, to the metadata service of the cloud, or back to the database itself past row security. Their
    /// functions are reported where clients can call them by name, and so are functions of the application that hand
    /// one of their text arguments to them.
    ///
    /// Not reported: functions of schemas that are not exposed (where `pg_net` lives on Supabase), functions that no
    /// client may execute, and calls to a place that the body fixes itself.
    pub(super) struct OutboundFunctions {
        id: "outbound-functions",
        title: "function that connects to wherever a client says",
        severity: High,
        bad: "
            create function public.fetch_page(p_url text) returns bigint language plpgsql set search_path = ''
                as $$ begin return net.http_get(url := p_url); end $$;
        ",
        good: "
            create function public.ping_hook() returns bigint language plpgsql set search_path = ''
                as $$ begin return net.http_get(url := 'https://hooks.example.com/ping'); end $$;
            create function public.fetch_page(p_url text) returns bigint language plpgsql set search_path = ''
                as $$ begin return net.http_get(url := p_url); end $$;
            revoke execute on function public.fetch_page(text) from public, anon, authenticated;
        ",
    }
}

/// Extensions whose functions connect elsewhere.
const EXTENSIONS: [&str; 3] = ["http", "pg_net", "dblink"];

/// Names of functions that connect elsewhere.
const CONNECTING: [&str; 12] = [
    "http_get",
    "http_post",
    "http_put",
    "http_patch",
    "http_delete",
    "http_head",
    "http",
    "http_request",
    "dblink",
    "dblink_connect",
    "dblink_connect_u",
    "dblink_exec",
];

impl Check for OutboundFunctions {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for function in cx.schema.functions.iter().filter(|f| f.is_callable()) {
            let of_extension = function.extension.as_deref().is_some_and(|e| EXTENSIONS.contains(&e));
            let by_name = of_extension && CONNECTING.contains(&function.id.name.as_str());
            let own =
                function.extension.is_none() && !cx.effective.is_platform_object(&function.id.schema, &function.owner);
            if by_name || own {
                out.examine(ObjectRef::function(&function.id));
            }
            if by_name || own && hands_on(function) {
                report(cx, function, by_name, out);
            }
        }
    }
}

/// Whether a text argument stands in a call of a function that connects elsewhere.
fn hands_on(function: &Function) -> bool {
    let is_text = |of: &str| matches!(of, "text" | "character varying" | "name");
    let texts = function.parameters.iter().filter(|p| matches!(p.mode, ArgumentMode::In | ArgumentMode::InOut));
    let names: Vec<_> = texts.filter(|p| is_text(&p.data_type)).filter_map(|p| p.name.as_deref()).collect();
    let Ok(tokens) = parse::tokens(&function.body) else { return false };
    let word = |at: usize| {
        let token = tokens.get(at).filter(|t| t.kind == Kind::Word)?;
        function.body.get(token.range())
    };
    (0..tokens.len()).any(|at| {
        let connects = word(at).is_some_and(|w| CONNECTING.contains(&w.to_ascii_lowercase().as_str()));
        let opens = tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Punct(b'('));
        connects && opens && arguments(&tokens, at + 1).any(|at| word(at).is_some_and(|w| names.contains(&w)))
    })
}

/// The places of the tokens between a parenthesis and the one that closes it.
fn arguments(tokens: &[crate::sql::lex::Token], open: usize) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    let ends = move |at: &usize| {
        match tokens.get(*at).map(|t| t.kind) {
            Some(Kind::Punct(b'(')) => depth += 1,
            Some(Kind::Punct(b')')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0
    };
    (open..tokens.len()).take_while(ends)
}

fn report(cx: &Context<'_>, function: &Function, by_name: bool, out: &mut Findings<'_>) {
    let namespace = cx.schema.namespace(&function.id.schema);
    let may = |p: &&Principal| {
        cx.exposes(p, &function.id.schema)
            && cx.effective.may_execute(&p.role, function).is_some()
            && namespace.is_some_and(|n| cx.effective.holds_on_namespace(&p.role, n, Privilege::Usage).is_some())
    };
    let principals: Vec<_> = cx.clients().filter(may).collect();
    let Some(principal) = principals.first() else { return };
    let how = if by_name { "connects to" } else { "hands an argument to a function that connects to" };
    let message = format!(
        "{} can call {}, which {how} a place of the caller's choice from inside the database's network.",
        subject(principal),
        function.id
    );
    let severity = cx.severity(Severity::High, principal, true);
    let title = format!("{} lets {} make the server connect elsewhere", function.id, printable(&principal.role));
    let confidence = if by_name { Confidence::Proved } else { Confidence::Likely };
    out.report(
        Draft::new(ObjectRef::function(&function.id), severity, title, message)
            .confidence(confidence)
            .principal(&principal.role)
            .fix(cx.revoke_execute(function, &principals))
            .origin(function.origin),
    );
}
