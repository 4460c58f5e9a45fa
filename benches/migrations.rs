//! How fast migration files are split, understood and replayed, beside sqlparser's tokenizer alone on the same text.
//!
//! `cargo bench --bench migrations [MEGABYTES...]` (default: 1 10 100). The files are made up here: tables with their
//! policies, grants and functions, as projects write them. A replay of 100 MB holds 40,000 tables; `--no-replay` leaves
//! it out, `--only-replay` all else.
//!
//! A replay begins with the texts and ends with the finished model: splitting, parsing, running and printing are all in
//! its time. On the clock other threads parse ahead and print meanwhile; "in CPU time" counts the processor time of all
//! threads, for the tokenizer too, so that it says how fast one thread alone is, also on a busy machine.

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
        "in CPU time: tokenizer MB/s",
        "split + parse MB/s",
        "text to model MB/s",
        "replay of tokenizer",
        "text to model of tokenizer",
    ]);
    let given = |option: &str| std::env::args().any(|a| a == option);
    let (replays, only_replay) = (!given("--no-replay"), given("--only-replay"));
    for megabytes in sizes {
        let files = files(megabytes * 1_000_000);
        let bytes: usize = files.iter().map(String::len).sum();
        let tokenize = || {
            files
                .iter()
                .for_each(|f| drop(black_box(Tokenizer::new(&PostgreSqlDialect {}, f).tokenize_with_location())));
        };
        let project = project(&files);
        let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: false };
        let replay = || drop(black_box(replay(&project, &options)));
        // All statements are kept to the end, as they are when threads parse.
        let alone = || files.iter().map(|f| parse_file(f)).collect::<Vec<_>>();
        let parse = || drop(black_box(alone()));
        if only_replay {
            println!("{megabytes} MB: {}", Alone::measured(bytes, tokenize, parse, replay));
            continue;
        }
        let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        let tokenizer = speed(best(tokenize));
        let cut = speed(best(|| files.iter().for_each(|f| drop(black_box(split(f))))));
        let mut statements = 0;
        let ((parsed, one_cpu), (threads, all_cpu)) = (
            (best(|| statements = black_box(alone()).iter().map(Vec::len).sum()), cpu(|| drop(black_box(alone())))),
            (best(|| drop(black_box(parse_files(&files)))), cpu(|| drop(black_box(parse_files(&files))))),
        );
        let (parsed, threads) = (speed(parsed), speed(threads));
        // A long run needs no second.
        let replayed = replays.then(|| speed(if megabytes < 10 { best(replay) } else { time(replay) }));
        let alone = replays.then(|| Alone::measured(bytes, tokenize, parse, replay));
        let in_cpu = |of: fn(&Alone) -> f64, digits: usize| {
            alone.as_ref().map_or_else(|| "-".to_owned(), |alone| format!("{:.digits$}", of(alone)))
        };
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
            in_cpu(|alone| alone.tokenizer, 1),
            in_cpu(|alone| alone.parse, 1),
            in_cpu(|alone| alone.all, 1),
            in_cpu(Alone::replay_of_tokenizer, 2),
            in_cpu(Alone::all_of_tokenizer, 2),
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

/// Speeds in CPU time, in MB/s: what one thread alone would do.
struct Alone {
    tokenizer: f64,
    parse: f64,
    /// From texts to the model.
    all: f64,
}

impl Alone {
    fn measured(bytes: usize, tokenize: impl Fn(), parse: impl Fn(), all: impl Fn()) -> Self {
        Self {
            tokenizer: a_cpu_second(bytes, tokenize),
            parse: a_cpu_second(bytes, parse),
            all: a_cpu_second(bytes, all),
        }
    }

    /// How fast statements that are parsed are replayed, of the tokenizer's speed.
    fn replay_of_tokenizer(&self) -> f64 {
        1.0 / (1.0 / self.all - 1.0 / self.parse) / self.tokenizer
    }

    /// The same from texts to the model: splitting and parsing are in it.
    fn all_of_tokenizer(&self) -> f64 {
        self.all / self.tokenizer
    }
}

impl std::fmt::Display for Alone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "MB/s in CPU time: tokenizer {:.1}, split and parse {:.1}, text to model {:.1}; replay is {:.2} of the tokenizer, \
             text to model {:.2}",
            self.tokenizer,
            self.parse,
            self.all,
            self.replay_of_tokenizer(),
            self.all_of_tokenizer()
        )
    }
}

/// How many megabytes a second of processor time gets through; short runs are repeated, because the clock is coarse.
fn a_cpu_second(bytes: usize, run: impl Fn()) -> f64 {
    let (mut ticks, mut runs) = (0.0, 0_u32);
    while ticks < 100.0 && runs < 100 {
        let Some(used) = cpu(|| (0..10_usize.div_ceil(1 + bytes / 1_000_000)).for_each(|_| run())) else {
            return f64::NAN;
        };
        ticks += used;
        runs += 1;
    }
    let rounds = 10_usize.div_ceil(1 + bytes / 1_000_000) as f64 * f64::from(runs);
    rounds * bytes as f64 / 1e4 / ticks
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
    let (mut file, mut total, mut n) = (SHARED.to_owned(), 0, 0);
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

/// What all tables speak of.
const SHARED: &str = "create table public.memberships (team_id bigint, user_id uuid references auth.users (id), \
    primary key (team_id, user_id));\n\
    create table public.settings (name text primary key, value jsonb);\n";

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
