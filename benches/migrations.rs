//! How fast migration files are split, understood and replayed, beside sqlparser's tokenizer alone on the same text.
//!
//! `cargo bench --bench migrations [MEGABYTES...]` (default: 1 10 100). The files are made up here: tables with their
//! policies, grants and functions, as projects write them. A replay of 100 MB holds 40,000 tables; `--no-replay` leaves
//! it out, `--only-replay` all else.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use comfy_table::Table;
use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::parse::{parse_file, parse_files};
use pgwitness::migrations::replay::{Options, replay};
use pgwitness::migrations::split::split;
use pgwitness::shadow::Platform;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::Tokenizer;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The size of one file.
const FILE: usize = 100_000;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1, 10, 100] } else { sizes };
    let mut table = Table::new();
    table.set_header([
        "MB",
        "statements",
        "tokenizer MB/s",
        "split MB/s",
        "split + parse MB/s",
        "of tokenizer",
        "all threads MB/s",
        "threads gain",
        "gain possible now",
        "their CPU time",
        "replay MB/s",
        "replay of tokenizer",
        "replay MB a CPU second",
    ]);
    let given = |option: &str| std::env::args().any(|a| a == option);
    let (replays, only_replay) = (!given("--no-replay"), given("--only-replay"));
    for megabytes in sizes {
        let files = files(megabytes * 1_000_000);
        let bytes: usize = files.iter().map(String::len).sum();
        if only_replay {
            println!("{megabytes} MB: {:.2} MB a CPU second", replayed_a_second(&files, bytes));
            continue;
        }
        let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        let tokenizer = speed(best(|| {
            files
                .iter()
                .for_each(|f| drop(black_box(Tokenizer::new(&PostgreSqlDialect {}, f).tokenize_with_location())));
        }));
        let cut = speed(best(|| files.iter().for_each(|f| drop(black_box(split(f))))));
        let mut statements = 0;
        // All statements are kept to the end, as they are when threads parse.
        let alone = || files.iter().map(|f| parse_file(f)).collect::<Vec<_>>();
        let ((parsed, one_cpu), (threads, all_cpu)) = (
            (best(|| statements = black_box(alone()).iter().map(Vec::len).sum()), cpu(|| drop(black_box(alone())))),
            (best(|| drop(black_box(parse_files(&files)))), cpu(|| drop(black_box(parse_files(&files))))),
        );
        let (parsed, threads) = (speed(parsed), speed(threads));
        let project = project(&files);
        let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
        // A long run needs no second.
        let replay = || drop(black_box(replay(&project, &options)));
        let replayed = replays.then(|| speed(if megabytes < 10 { best(replay) } else { time(replay) }));
        let replayed_alone = replays.then(|| replayed_a_second(&files, bytes));
        table.add_row([
            megabytes.to_string(),
            statements.to_string(),
            format!("{tokenizer:.0}"),
            format!("{cut:.0}"),
            format!("{parsed:.0}"),
            format!("{:.2}", parsed / tokenizer),
            format!("{threads:.0}"),
            format!("{:.2}", threads / parsed),
            format!("{:.2}", machine_gain()),
            one_cpu.zip(all_cpu).map_or_else(|| "-".to_owned(), |(one, all)| format!("{:.2}", all / one)),
            replayed.map_or_else(|| "-".to_owned(), |r| format!("{r:.1}")),
            replayed.map_or_else(|| "-".to_owned(), |r| format!("{:.2}", r / tokenizer)),
            replayed_alone.map_or_else(|| "-".to_owned(), |r| format!("{r:.1}")),
        ]);
    }
    println!("{table}");
}

/// The shortest of three runs.
fn best(mut run: impl FnMut()) -> Duration {
    (0..3).map(|_| time(&mut run)).min().unwrap_or_default()
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// How much processor time a run takes, on all threads together: unlike the time on the clock it does not depend on what
/// else the machine does. Linux only, in hundredths of a second.
fn cpu(run: impl FnOnce()) -> Option<f64> {
    let used = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some(ticks(11)? + ticks(12)?)
    };
    let before = used()?;
    run();
    Some((used()? - before).max(1.0))
}

/// What as many threads gain at this moment that share nothing at all: no parser can gain more on a busy machine.
fn machine_gain() -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let spin = || {
        black_box((0..100_000_000_u64).fold(0, |a, n| black_box(a ^ n)));
    };
    let alone = best(spin);
    let together = best(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(spin);
            }
        });
    });
    threads as f64 * alone.as_secs_f64() / together.as_secs_f64()
}

/// How much a second of processor time replays, parsing included.
fn replayed_a_second(files: &[String], bytes: usize) -> f64 {
    let project = project(files);
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
    let used = cpu(|| drop(black_box(replay(&project, &options))));
    used.map_or(f64::NAN, |ticks| bytes as f64 / 1e4 / ticks)
}

/// The files as a project of the Supabase CLI.
fn project(files: &[String]) -> Project {
    let file = |(n, text): (usize, &String)| MigrationFile {
        path: format!("supabase/migrations/{n:014}_x.sql"),
        role: FileRole::Migration,
        version: Some(format!("{n:014}")),
        text: text.clone(),
        parts: std::iter::once(0..text.len()).collect(),
        transaction: true,
    };
    Project {
        layout: Layout::Supabase,
        root: "supabase/migrations".into(),
        files: files.iter().enumerate().map(file).collect(),
        warnings: Vec::new(),
    }
}

fn files(bytes: usize) -> Vec<String> {
    let mut files = Vec::new();
    let (mut file, mut total, mut n) = (String::new(), 0, 0);
    while total < bytes {
        let piece = table(n);
        total += piece.len();
        n += 1;
        file.push_str(&piece);
        if file.len() >= FILE {
            files.push(std::mem::take(&mut file));
        }
    }
    files.push(file);
    files
}

fn table(n: usize) -> String {
    format!(
        "-- The documents of team {n}\n\
         create table if not exists public.documents_{n} (\n  id uuid primary key default gen_random_uuid(),\n  \
         owner_id uuid not null references auth.users (id) on delete cascade,\n  team_id bigint,\n  \
         title text not null check (length(title) > 0),\n  created_at timestamp with time zone not null default now()\n);\n\
         alter table public.documents_{n} enable row level security;\n\
         create policy \"members read {n}\" on public.documents_{n} for select to authenticated\n  \
         using (exists (select 1 from public.memberships m where m.team_id = documents_{n}.team_id and m.user_id = auth.uid()));\n\
         create policy \"owners write {n}\" on public.documents_{n} for update to authenticated\n  \
         using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));\n\
         grant select, insert, update (title) on table public.documents_{n} to authenticated, service_role;\n\
         create or replace function public.touch_{n}(document uuid, at timestamptz default now()) returns void\n  \
         language plpgsql security definer set search_path = ''\nas $$\nbegin\n  \
         -- only the owner's own rows\n  update public.documents_{n} set created_at = at\n  \
         where id = document and owner_id = auth.uid();\n  if not found then\n    raise exception 'no such document';\n  \
         end if;\nend;\n$$;\n\
         revoke all on function public.touch_{n}(uuid, timestamptz) from public, anon;\n\
         comment on table public.documents_{n} is 'Documents; one row each';\n\
         do $$ begin\n  if not exists (select 1 from pg_policies where tablename = 'documents_{n}' and policyname = 'x') then\n    \
         create policy x on public.documents_{n} for delete using (false);\n  end if;\nend $$;\n\
         insert into public.settings (name, value) values ('documents_{n}', '{{\"open\": false}}'), ('other_{n}', 'it''s');\n\n"
    )
}
