//! A dump of a whole Supabase project, in which the platform stands again, as what its migrations begin with.

use super::compare;
use super::dumps::told;
use super::rich;
use super::world::{World, gaps};
use crate::support::block_on;
use pgwitness::migrations::layout::{self, Project, Wanted};
use pgwitness::migrations::replay::{self, Options, Replayed};
use pgwitness::model::Gap;
use pgwitness::shadow::{self, Applied, Mode, Platform};

/// What somebody made in the dashboard.
const MADE: &str = "
create role reporting nologin;
create table public.notes (id bigint generated always as identity primary key, owner uuid references auth.users, body text);
create table public.tags (id serial primary key, note bigint references public.notes on delete cascade);
alter table public.notes enable row level security;
create policy own on public.notes to authenticated using (owner = auth.uid());
create policy avatars on storage.objects for select to anon using (bucket_id = 'avatars');
grant select on public.notes to reporting;
revoke all on public.tags from anon;
create function public.is_admin() returns boolean language sql security definer as
  $$ select auth.jwt() ->> 'role' = 'admin' $$;
create function public.on_user() returns trigger language plpgsql security definer as $$ begin return new; end $$;
create trigger on_user after insert on auth.users for each row execute function public.on_user();
create view public.note_count as select owner, count(*) from public.notes group by owner;
create extension vector with schema extensions;
alter publication supabase_realtime add table public.notes;
alter default privileges in schema public revoke execute on functions from anon;
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  values ('avatars', 'avatars', true, null, null), ('docs', 'docs', false, 1048576, '{image/png,application/pdf}');
insert into public.notes (body) values (E'a\\tb\nc''d\\\\e');
";

const MIGRATION: &str = "alter table public.tags enable row level security;
create policy of_note on public.tags using (exists (select from public.notes n where n.id = note));
update storage.buckets set public = true where id = 'docs';
";

fn project(dump: &str, roles: Option<&str>) -> Project {
    let folder = tempfile::tempdir().unwrap();
    let migrations = folder.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::write(migrations.join("1_tags.sql"), MIGRATION).unwrap();
    if let Some(roles) = roles {
        std::fs::write(folder.path().join("supabase/roles.sql"), roles).unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("dump.sql");
    std::fs::write(&path, dump).unwrap();
    let wanted = Wanted { seed: true, supabase: true, layout: None };
    let mut project = layout::find(folder.path(), wanted).unwrap();
    project.begin_with_dump(&path).unwrap();
    project
}

/// What both ways make of it.
struct Both {
    applied: Applied,
    replayed: Replayed,
    differences: String,
}

fn both(project: &Project, major: u32, mode: Mode) -> Both {
    let platform = Platform::SUPABASE;
    let world = World::new(major, platform);
    let applied = block_on(shadow::run(world.server().at("postgres"), project, mode)).unwrap();
    let replayed = replay::replay(project, &Options { platform, major, exposed_schemas: None, closed: true });
    let differences = compare::report(&compare::differences(&replayed.schema, &world.read()), 20);
    Both { applied, replayed, differences }
}

fn told_of(gaps: impl Iterator<Item = Gap>) -> Vec<String> {
    gaps.map(|gap| gap.what).collect()
}

#[test]
fn a_whole_dump_gives_the_same_model_offline_and_on_a_server() {
    let newest = rich::dumper();
    for major in [15, 17].into_iter().filter(|major| *major <= newest) {
        let world = World::new(major, Platform::SUPABASE);
        // A stand-in is made with the extension in it.
        block_on(shadow::provide(world.server().at("postgres"), MADE)).unwrap();
        let refused: Vec<_> = world.stay(MADE).into_values().filter(|(_, why)| !why.contains("\"vector\"")).collect();
        assert_eq!(refused, []);
        for way in [
            &[] as &[&str],
            &["--schema-only"],
            &["--column-inserts", "--no-owner"],
            &["--no-privileges"],
            &["--inserts"],
        ] {
            let dump = told("pg_dump", &world, &[way, ["postgres"].as_slice()].concat());
            let has_bucket = dump.contains("application/pdf");
            for (roles, mode) in [(None, Mode::Resilient), (Some("create role reporting;"), Mode::Strict)] {
                let both = both(&project(&dump, roles), major, mode);
                let failed: Vec<_> = both.applied.failures.iter().map(ToString::to_string).collect();
                assert!(failed.is_empty(), "{major} {way:?} {:#?}", &failed[..failed.len().min(5)]);
                let refused: Vec<_> = both.replayed.rejected.iter().map(|r| (r.place.line, &r.message)).collect();
                assert!(refused.is_empty(), "{major} {way:?} {refused:?}");
                assert_eq!(both.differences, "", "{major} {way:?}");
                let offline = told_of(gaps(&both.replayed).cloned());
                assert_eq!(offline, told_of(both.applied.gaps.iter().cloned()), "{major} {way:?}");
                let names_role = roles.is_none() && dump.contains("reporting");
                assert_eq!(offline.iter().any(|what| what.contains("names the role `reporting`")), names_role);
                let repeated = |notes: &[String]| notes.iter().find(|n| n.contains("has made already")).cloned();
                assert!(repeated(&both.replayed.notes).is_some(), "{:?}", both.replayed.notes);
                assert_eq!(repeated(&both.replayed.notes), repeated(&both.applied.notes), "{major} {way:?}");
                let public: Vec<_> = both.replayed.schema.buckets.iter().filter(|b| b.public).map(|b| &b.id).collect();
                assert_eq!(public.len(), if has_bucket { 2 } else { 0 }, "{major} {way:?}");
            }
        }
    }
}

/// A statement that fails for another reason stays what it is.
#[test]
fn only_what_is_there_already_is_left_as_it_is() {
    let dump = "SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid NOT NULL, extra text);
CREATE POLICY p ON auth.users USING (extra = 'x');
CREATE TABLE public.t (id integer);
ALTER TABLE public.t ALTER COLUMN nothing SET NOT NULL;
GRANT SELECT ON public.t TO supabase_privileged_role;
CREATE TABLE public.t (id integer);
";
    let project = project(dump, None);
    let both = both(&project, 17, Mode::Resilient);
    let failed: Vec<_> = both.applied.failures.iter().map(|f| (f.place.line, f.code.clone())).collect();
    let refused: Vec<_> = both.replayed.rejected.iter().map(|r| (r.place.line, r.sqlstate.to_owned())).collect();
    assert_eq!(failed[..2], [(4, "42703".to_owned()), (6, "42703".to_owned())]);
    assert_eq!(refused, failed);
    assert_eq!(told_of(both.applied.gaps.into_iter()), [""; 0]);
}
