-- Security review: API clients never need these
revoke truncate, references, trigger on all tables in schema public from anon, authenticated;

-- Visitors read the price list and write intake submissions, nothing else
revoke select, insert, update, delete on all tables in schema public from anon;
grant select on public.plans to anon;
grant insert (workspace_id, name, email, message) on public.intake_submissions to anon;

-- Functions are called by those who were named, not by everybody
revoke execute on all functions in schema public from public, anon;
revoke execute on all functions in schema private from public;
