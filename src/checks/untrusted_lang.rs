use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, printable};

declare_check! {
    /// Clients may call a function in an untrusted language: its code can do whatever the account of the server can, read
    /// files, open connections and run programs, and no role, grant or policy binds it.
    ///
    /// `plpython3u`, `plperlu`, C and `internal` are such languages; only a superuser makes functions in them. What the
    /// function lets its callers do is up to its code, which is not read here.
    ///
    /// High where clients can call it by name, medium for other roles, low where its schema is not exposed. Not reported:
    /// functions of extensions, which are what they are known to be, trigger functions, which nobody calls, and functions that
    /// no client may execute.
    pub(super) struct UntrustedLang {
        id: "untrusted-lang",
        title: "function in an untrusted language can be called by clients",
        severity: High,
        bad: "
            create function public.read_any(file text) returns text language internal strict as 'pg_read_file_all';
        ",
        good: "
            create function public.read_any(file text) returns text language internal strict as 'pg_read_file_all';
            revoke execute on function public.read_any(text) from public, anon, authenticated, service_role;
        ",
    }
}

impl Check for UntrustedLang {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let own = |f: &&Function| f.extension.is_none() && !cx.effective.is_platform_object(&f.id.schema, &f.owner);
        for function in cx.schema.functions.iter().filter(own) {
            out.examine(ObjectRef::function(&function.id));
            let language = cx.schema.languages.iter().find(|l| l.name == function.language);
            let is_called = !["trigger", "event_trigger"].contains(&function.returns.as_str());
            if is_called && language.is_some_and(|l| !l.trusted) {
                report(cx, function, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let may = |p: &&Principal| cx.effective.may_execute(&p.role, function).is_some();
    let callers: Vec<_> = cx.clients().filter(may).collect();
    let by_name = |p: &&&Principal| cx.exposes(p, &function.id.schema);
    let Some(first) = callers.iter().find(by_name).or(callers.first()) else { return };
    let language = printable(&function.language);
    let message = format!(
        "{} can call {}, which is written in {language}: its code can do all that the account of the server can, and \
         nothing in the database binds it.",
        subject(first),
        function.id
    );
    let severity = cx.severity(Severity::High, first, cx.exposes(first, &function.id.schema));
    let title = format!("{} is written in {language}, and {} can call it", function.id, printable(&first.role));
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&first.role)
        .fix(cx.revoke_execute(function, &callers))
        .origin(function.origin);
    for caller in callers {
        if let Some(held) = cx.effective.may_execute(&caller.role, function) {
            draft = draft.evidence("privilege", format!("{}: EXECUTE {held}", printable(&caller.role)));
        }
    }
    out.report(draft);
}
