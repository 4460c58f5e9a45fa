//! `init`: a configuration and a rule file from what a database allows today.

use std::path::{Path, PathBuf};

use super::trying::attempt;
use super::{Run, output, source};
use crate::access::{self, Intent, rule_file};
use crate::cli::Init;
use crate::impersonation::cases;
use crate::verdicts::Verdicts;
use crate::{Error, ExitCode};

/// What a new configuration says; every key that there is, those with a default as comments.
const CONFIG: &str = include_str!("init/pgwitness.toml");

pub(super) async fn run(args: Init, run: &Run) -> Result<ExitCode, Error> {
    let configured = run.config.file.clone();
    let folder = configured.as_deref().and_then(Path::parent).unwrap_or(&run.here).to_owned();
    let rules = folder.join("policies/access.toml");
    let shown = |path: &Path| source::named(path, &run.here);
    let tests = folder.join("policies/tests.toml");
    if let Some(file) = [&rules, &tests].into_iter().find(|f| f.exists() && (args.tests || **f == rules) && !args.force)
    {
        let help = "say `--force` to write it anew; the old one is lost then";
        return Err(Error::usage(format!("`{}` exists already", shown(file)), help));
    }
    let loaded = source::load_unapplied(&args.source, run).await?;
    let cx = loaded.context(run, &args.source.reading);
    let described = loaded.describe(&cx).description;
    let text = loaded.mask().hide(&rule_file(&cx.effective, &described));
    must_hold(&text, &cx)?;
    let mut written = Vec::new();
    if configured.is_none() {
        let config = folder.join("pgwitness.toml");
        write(&config, CONFIG)?;
        written.push(config);
    }
    let expectations = if args.tests { Some(expectations(&args, run).await?) } else { None };
    write(&rules, &text)?;
    written.push(rules);
    if let Some(text) = expectations {
        write(&tests, &text)?;
        written.push(tests);
    }
    for path in &written {
        run.talk.say(format!("wrote {}", shown(path)));
    }
    let review = text.lines().filter(|line| line.contains("REVIEW:")).count();
    let gaps = loaded.schema.gaps.iter().filter(|gap| gap.access_control).count();
    let mut told = format!("{} rules, {review} to review", text.matches("[[rule]]").count());
    if gaps > 0 {
        told.push_str(&format!("; {gaps} statements were not understood and may change what is allowed"));
    }
    told.push('\n');
    output::to_stdout(&told)?;
    Ok(ExitCode::Clean)
}

/// What everybody can do today, as the text of a file of tests.
async fn expectations(args: &Init, run: &Run) -> Result<String, Error> {
    let loaded = source::load(&args.source, run).await?;
    let cx = loaded.context(run, &args.source.reading);
    let (intent, mut nothing) = (Intent::default(), Verdicts::default());
    let Some(attempted) = attempt(&loaded, &cx, (&intent, &mut nothing), run).await? else {
        let help = "name the migrations that the database was made by: `pgwitness init --tests supabase/migrations`";
        return Err(Error::usage("tests are read by making rows and writing, on a server of their own only", help));
    };
    Ok(loaded.mask().hide(&cases::written(cx.schema, &attempted.tried.trials)))
}

/// Holds what is about to be written against the database that it was read from.
fn must_hold(text: &str, cx: &crate::checks::Context<'_>) -> Result<(), Error> {
    let rules = access::parse_texts([("policies/access.toml", text)]);
    let resolved = rules.and_then(|rules| rules.resolve(&cx.effective));
    resolved.map(|_| ()).map_err(|errors| {
        let all: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Error::Internal(format!("the rules that were read do not hold together: {}", all.join("; ")))
    })
}

fn write(path: &PathBuf, text: &str) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
    }
    std::fs::write(path, text).map_err(|e| Error::file("write", path, e))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config;

    /// What stands in comments is what somebody will take out of them.
    #[test]
    fn every_key_of_the_new_configuration_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pgwitness.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            config::load(Some(&file), Path::new(".")).unwrap_or_else(|e| panic!("{e} in\n{text}"))
        };
        assert_eq!(read(super::CONFIG).config.access.files, Some(vec!["policies/*.toml".to_owned()]));
        let lines = super::CONFIG.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line));
        let all = read(&lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(all.ignores.len(), 1);
        let audit = format!("{:?}", all.config.audit);
        assert!(!audit.contains("None"), "a key is missing: {audit}");
    }
}
