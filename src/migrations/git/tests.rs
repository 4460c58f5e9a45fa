use super::*;

/// A repository with one commit of these files, and the means to make more.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        new.git(&["init", "-q", "-b", "main"]);
        new.commit(files);
        new
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            std::fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
            std::fs::write(self.at(name), text).unwrap();
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }
}

const FILES: [(&str, &str); 4] = [
    ("app/supabase/migrations/1_a.sql", "one;\n"),
    ("app/supabase/migrations/2 b'\n.sql", "two;\n"),
    ("app/supabase/config.toml", "[api]\n"),
    ("app/src/large.bin", "not read"),
];

#[test]
fn a_state_is_read_without_touching_the_checkout() {
    let repository = Repository::new(&FILES);
    repository.git(&["tag", "v1"]);
    repository.commit(&[("app/supabase/migrations/1_a.sql", "changed;\n"), ("app/supabase/migrations/3_c.sql", "")]);
    std::fs::write(repository.at("app/supabase/migrations/1_a.sql"), "not committed").unwrap();
    let folder = repository.at("app/supabase/migrations");
    let read = |name: &str, path: &Path| {
        let commit = commit(path, name).unwrap();
        let inside = commit.inside(path).unwrap();
        let out = commit.check_out(std::slice::from_ref(&inside), name).unwrap();
        assert_eq!(out.left_out, Vec::<String>::new());
        let at = out.folder.path().join(inside);
        let text = std::fs::read_to_string(at.join("1_a.sql")).unwrap();
        assert!(out.folder.path().join("app/supabase/config.toml").is_file() && at.join("2 b'\n.sql").is_file());
        (text, at.join("3_c.sql").exists())
    };
    assert_eq!(read("v1", &folder), ("one;\n".to_owned(), false));
    assert_eq!(read("main", &folder), ("changed;\n".to_owned(), true));
    assert_eq!(read("HEAD~1", &folder).0, "one;\n");
    // What both sides have in common, not what the other one came to.
    repository.git(&["checkout", "-q", "-f", "-b", "side", "v1"]);
    assert_eq!(read("main...", &folder), ("one;\n".to_owned(), false));
    assert_eq!(std::fs::read_to_string(repository.at("app/supabase/migrations/1_a.sql")).unwrap(), "one;\n");
}

#[test]
fn what_is_not_there_is_said_clearly() {
    let repository = Repository::new(&FILES);
    let error = |name: &str| commit(repository.0.path(), name).unwrap_err();
    assert_eq!(error("nope").to_string(), "git knows no commit `nope`");
    for hostile in ["", "--all", "-x", "main:app", "a b", "\u{1b}[2J", "HEAD^{tree}", "..."] {
        assert!(matches!(error(hostile), GitError::UnknownRef { .. }), "{hostile:?}");
    }
    let head = commit(repository.0.path(), "main").unwrap();
    let missing = head.check_out(&["nothing/here".into()], "main").unwrap_err();
    assert_eq!(missing.to_string(), "there is no `nothing/here` in `main`");
    let bare = tempfile::tempdir().unwrap();
    let none = commit(bare.path(), "main").unwrap_err();
    assert!(none.to_string().contains("is in no git repository"), "{none}");

    let shallow = tempfile::tempdir().unwrap();
    repository.commit(&[]);
    let url = format!("file://{}", repository.0.path().display());
    let cloned = Command::new("git").args(["clone", "-q", "--depth=1", &url]).arg(shallow.path()).status().unwrap();
    assert!(cloned.success());
    let error = commit(shallow.path(), "HEAD~1").unwrap_err();
    assert!(error.help().unwrap().contains("shallow"), "{error:?}");
}

#[test]
fn links_are_named_and_not_followed() {
    let repository = Repository::new(&[("m/1_a.sql", "one;")]);
    std::os::unix::fs::symlink("/etc/passwd", repository.at("m/2_b.sql")).unwrap();
    repository.commit(&[]);
    let head = commit(repository.0.path(), "HEAD").unwrap();
    let out = head.check_out(&["m".into()], "HEAD").unwrap();
    assert_eq!(out.left_out, ["the link `m/2_b.sql` of HEAD was not followed"]);
    assert!(!out.folder.path().join("m/2_b.sql").exists());
    for bad in ["100644 blob a\t../x.sql", "100644 blob a\t/x.sql", "100644 blob a\ta/.git/x", "nonsense", ""] {
        assert!(entry(bad.as_bytes()).is_none(), "{bad}");
    }
}
