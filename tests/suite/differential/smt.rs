//! An independent oracle: the same questions as SMT-LIB over unbounded tables, decided by z3.
//!
//! The encoding shares nothing with grounding: each table is a predicate over an uninterpreted sort of rows, EXISTS is
//! a quantifier, a value is a flag for NULL and an element of its type's sort.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use pgwitness::analyzer::term::{Access, Id, Query, Row, Term, Terms, Type, Value};
use pgwitness::analyzer::verdict::Verdict;

use super::choice::{first_seed, rounds};
use super::generate::Mix;
use super::verdicts::Pair;

/// A question in SMT-LIB: satisfiable if the access can hold while the rule does not.
fn script(pair: &Pair) -> String {
    let mut writer = Writer::new(&pair.terms);
    let (access, rule) = (writer.truth(pair.access), writer.truth(pair.rule));
    let subject = variable(pair.subject);
    writer.declare(&format!("(declare-const {subject} Row)"));
    let mut body = String::new();
    if pair.stored {
        writer.declare("(declare-fun in_t0 (Row) Bool)");
        writeln!(body, "(assert (in_t0 {subject}))").unwrap();
    }
    writeln!(body, "(assert {})\n(assert (not {}))", access.yes, rule.yes).unwrap();
    let facts = writer.facts();
    format!("{HEAD}{}{facts}{body}", writer.head)
}

/// An order of uuids, and casts of text.
const HEAD: &str = "
(declare-sort Row 0)
(declare-sort Text 0)
(declare-sort Uuid 0)
(declare-fun uuid_key (Uuid) Int)
(assert (forall ((a Uuid) (b Uuid)) (=> (= (uuid_key a) (uuid_key b)) (= a b))))
(declare-fun to_uuid (Text) Uuid)
(declare-fun is_uuid (Text) Bool)
(declare-fun to_int (Text) Int)
(declare-fun is_int (Text) Bool)
";

struct Truth {
    yes: String,
    no: String,
}

struct Writer<'a> {
    terms: &'a Terms,
    declared: BTreeSet<String>,
    head: String,
    texts: BTreeSet<String>,
    uuids: BTreeSet<u128>,
    /// Whether the `sub` claim is read as a uuid, so that it is one.
    reads_sub: bool,
}

fn variable(row: Row) -> String {
    format!("{row:?}")
}

fn symbol(text: &str) -> String {
    format!("text_{}", text.bytes().map(|b| format!("{b:02x}")).collect::<String>())
}

fn sort(t: &Type) -> &'static str {
    match t {
        Type::Int2 | Type::Int4 | Type::Int8 => "Int",
        Type::Uuid => "Uuid",
        Type::Bool => "Bool",
        _ => "Text",
    }
}

impl<'a> Writer<'a> {
    fn new(terms: &'a Terms) -> Self {
        let (declared, texts, uuids) = Default::default();
        Self { terms, declared, head: String::new(), texts, uuids, reads_sub: false }
    }

    /// What is known of constants: they differ, are ordered, and casts read them.
    fn facts(&mut self) -> String {
        let mut facts = String::new();
        for text in self.texts.clone() {
            let name = symbol(&text);
            self.declare(&format!("(declare-const {name} Text)"));
            match Value::parse(&text, &Type::Int4) {
                Ok(Value::Int(n)) => writeln!(facts, "(assert (and (is_int {name}) (= (to_int {name}) {n})))").unwrap(),
                _ => writeln!(facts, "(assert (not (is_int {name})))").unwrap(),
            }
            match Value::parse(&text, &Type::Uuid) {
                Ok(Value::Uuid(u)) => {
                    self.uuid(u);
                    writeln!(facts, "(assert (and (is_uuid {name}) (= (to_uuid {name}) uuid_{u})))").unwrap();
                }
                _ => writeln!(facts, "(assert (not (is_uuid {name})))").unwrap(),
            }
        }
        let texts: Vec<_> = self.texts.iter().map(|t| symbol(t)).collect();
        if texts.len() > 1 {
            writeln!(facts, "(assert (distinct {}))", texts.join(" ")).unwrap();
        }
        let uuids: Vec<_> = self.uuids.iter().copied().collect();
        for pair in uuids.windows(2) {
            writeln!(facts, "(assert (< (uuid_key uuid_{}) (uuid_key uuid_{})))", pair[0], pair[1]).unwrap();
        }
        if self.reads_sub {
            writeln!(facts, "(assert (or null_claim_sub (is_uuid claim_sub)))").unwrap();
        }
        facts
    }

    fn uuid(&mut self, uuid: u128) -> String {
        self.uuids.insert(uuid);
        self.declare(&format!("(declare-const uuid_{uuid} Uuid)"));
        format!("uuid_{uuid}")
    }

    fn declare(&mut self, line: &str) {
        if self.declared.insert(line.to_owned()) {
            self.head.push_str(line);
            self.head.push('\n');
        }
    }

    fn truth(&mut self, id: Id) -> Truth {
        let certain = |yes: String| Truth { no: format!("(not {yes})"), yes };
        let join = |op: &str, of: Vec<String>| format!("({op} {})", of.join(" "));
        match self.terms.term(id).clone() {
            Term::Null => Truth { yes: "false".into(), no: "false".into() },
            Term::Literal(Value::Bool(b)) => certain(b.to_string()),
            Term::Not(a) => {
                let a = self.truth(a);
                Truth { yes: a.no, no: a.yes }
            }
            Term::And(all) => {
                let all: Vec<_> = all.iter().map(|a| self.truth(*a)).collect();
                let (yes, no) = all.into_iter().map(|t| (t.yes, t.no)).unzip();
                Truth { yes: join("and", yes), no: join("or", no) }
            }
            Term::Or(all) => {
                let all: Vec<_> = all.iter().map(|a| self.truth(*a)).collect();
                let (yes, no) = all.into_iter().map(|t| (t.yes, t.no)).unzip();
                Truth { yes: join("or", yes), no: join("and", no) }
            }
            Term::IsTrue(a) => certain(self.truth(a).yes),
            Term::IsNull(a) => {
                let null = self.null(a);
                certain(null)
            }
            Term::Equal(a, b) => self.compared(a, b, |a, b, _| format!("(= {a} {b})")),
            Term::Less(a, b) => self.compared(a, b, |a, b, t| order("<", a, b, t)),
            Term::LessEqual(a, b) => self.compared(a, b, |a, b, t| order("<=", a, b, t)),
            Term::NotDistinct(a, b) => {
                let equal = self.compared(a, b, |a, b, _| format!("(= {a} {b})")).yes;
                let (m, n) = (self.null(a), self.null(b));
                certain(format!("(or {equal} (and {m} {n}))"))
            }
            Term::Exists(query) => {
                let (rows, there, condition) = self.query(&query);
                certain(format!("(exists ({rows}) (and {there} {condition}))"))
            }
            Term::Any(query) => {
                let (rows, there, condition) = self.query(&query);
                let projection = self.truth(query.projection);
                Truth {
                    yes: format!("(exists ({rows}) (and {there} {condition} {}))", projection.yes),
                    no: format!("(forall ({rows}) (=> (and {there} {condition}) {}))", projection.no),
                }
            }
            Term::Behind(_, value) => self.truth(value),
            Term::Case(branches, otherwise) => {
                let mut result = self.truth(otherwise);
                for (condition, value) in branches.iter().rev() {
                    let (condition, value) = (self.truth(*condition).yes, self.truth(*value));
                    result = Truth {
                        yes: format!("(ite {condition} {} {})", value.yes, result.yes),
                        no: format!("(ite {condition} {} {})", value.no, result.no),
                    };
                }
                result
            }
            other => {
                let (null, value) = (self.null(id), self.value(id));
                let _ = other;
                Truth { yes: format!("(and (not {null}) {value})"), no: format!("(and (not {null}) (not {value}))") }
            }
        }
    }

    fn query(&mut self, query: &Query) -> (String, String, String) {
        let rows: Vec<_> = query.rows.iter().map(|r| format!("({} Row)", variable(*r))).collect();
        let mut there = String::from("true");
        for row in &query.rows {
            let table = self.terms.row_info(*row).unwrap().relation.name.clone();
            self.declare(&format!("(declare-fun in_{table} (Row) Bool)"));
            there = format!("(and {there} (in_{table} {}))", variable(*row));
        }
        let condition = self.truth(query.condition).yes;
        (rows.join(" "), there, condition)
    }

    fn compared(&mut self, a: Id, b: Id, by: impl Fn(&str, &str, &Type) -> String) -> Truth {
        if *self.terms.type_of(a) == Type::Bool {
            let (a, b) = (self.truth(a), self.truth(b));
            return Truth {
                yes: format!("(or (and {} {}) (and {} {}))", a.yes, b.yes, a.no, b.no),
                no: format!("(or (and {} {}) (and {} {}))", a.yes, b.no, a.no, b.yes),
            };
        }
        let (m, n) = (self.null(a), self.null(b));
        let holds = by(&self.value(a), &self.value(b), self.terms.type_of(a));
        Truth {
            yes: format!("(and (not {m}) (not {n}) {holds})"),
            no: format!("(and (not {m}) (not {n}) (not {holds}))"),
        }
    }

    fn null(&mut self, id: Id) -> String {
        if *self.terms.type_of(id) == Type::Bool && !matches!(self.terms.term(id), Term::Column(..)) {
            let t = self.truth(id);
            return format!("(not (or {} {}))", t.yes, t.no);
        }
        match self.terms.term(id).clone() {
            Term::Null => "true".into(),
            Term::Literal(_) => "false".into(),
            Term::Column(row, name) => {
                if self.terms.is_never_null(id) {
                    return "false".into();
                }
                let table = self.terms.row_info(row).unwrap().relation.name.clone();
                self.declare(&format!("(declare-fun null_{table}_{name} (Row) Bool)"));
                format!("(null_{table}_{name} {})", variable(row))
            }
            Term::Claim(path, Access::Text) => {
                let name = path.join("_");
                self.declare(&format!("(declare-const null_claim_{name} Bool)"));
                format!("null_claim_{name}")
            }
            Term::Call(function, args) => {
                // Only casts of claims are generated here: one that fails reads as NULL, that of `sub` never does.
                let arg = self.null(args[0]);
                let value = self.value(args[0]);
                let reads = if &*function.name == "::uuid" { "is_uuid" } else { "is_int" };
                self.reads_sub |= reads == "is_uuid";
                format!("(or {arg} (not ({reads} {value})))")
            }
            other => panic!("{other:?} is not generated"),
        }
    }

    fn value(&mut self, id: Id) -> String {
        let t = self.terms.type_of(id).clone();
        match self.terms.term(id).clone() {
            Term::Null => {
                self.declare(&format!("(declare-const any_{} {})", sort(&t), sort(&t)));
                format!("any_{}", sort(&t))
            }
            Term::Literal(Value::Int(n)) => n.to_string(),
            Term::Literal(Value::Uuid(u)) => self.uuid(u),
            Term::Literal(Value::Text(text)) => {
                self.texts.insert(text.to_string());
                symbol(&text)
            }
            Term::Column(row, name) => {
                let table = self.terms.row_info(row).unwrap().relation.name.clone();
                self.declare(&format!("(declare-fun col_{table}_{name} (Row) {})", sort(&t)));
                format!("(col_{table}_{name} {})", variable(row))
            }
            Term::Claim(path, Access::Text) => {
                let name = path.join("_");
                self.declare(&format!("(declare-const claim_{name} Text)"));
                format!("claim_{name}")
            }
            Term::Call(function, args) => {
                let value = self.value(args[0]);
                if &*function.name == "::uuid" { format!("(to_uuid {value})") } else { format!("(to_int {value})") }
            }
            other => panic!("{other:?} is not generated"),
        }
    }
}

fn order(operator: &str, a: &str, b: &str, t: &Type) -> String {
    match t {
        Type::Uuid => format!("({operator} (uuid_key {a}) (uuid_key {b}))"),
        _ => format!("({operator} {a} {b})"),
    }
}

/// The solver: one that is installed, or the one of PyPI, fetched once into the build's folder.
fn z3() -> PathBuf {
    let works = |program: &PathBuf| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("z3");
    let fetched = folder.join("bin/z3");
    if let Some(found) = [PathBuf::from("z3"), fetched.clone()].into_iter().find(works) {
        return found;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--target", folder.to_str().unwrap(), "z3-solver==4.15.3.0"];
    let output = Command::new("python3").args(pip).output();
    let problem = match output {
        Ok(output) if output.status.success() && works(&fetched) => return fetched,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!("this test needs z3, and pip could not fetch it ({problem}); help: apt-get install z3")
}

/// The answer to each script.
fn ask(scripts: &[String]) -> Vec<String> {
    let mut child = Command::new(z3()).arg("-in").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let all: String = scripts
        .iter()
        .map(|s| format!("(reset)\n(set-option :timeout 1000)\n{s}(check-sat)\n(echo \"done\")\n"))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(all.as_bytes()).unwrap());
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    writer.join().unwrap();
    child.wait().unwrap();
    output.split("done\n").map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect()
}

#[test]
fn an_smt_solver_agrees() {
    let first = first_seed() + 500_000;
    let count = rounds(300);
    let pairs: Vec<_> = (first..first + count).map(|seed| Pair::random(seed, Mix { depth: 2, rich: false })).collect();
    let scripts: Vec<_> = pairs.iter().map(script).collect();
    let answers = ask(&scripts);
    assert_eq!(answers.len(), pairs.len());
    let (mut agree, mut unsure) = (0, 0);
    for (((seed, pair), script), answer) in (first..).zip(&pairs).zip(&scripts).zip(&answers) {
        let verdict = pair.decide();
        match (&verdict, answer.as_str()) {
            (Verdict::Proved, "unsat") | (Verdict::Violated(_), "sat") => agree += 1,
            (Verdict::Unknown(_), _) | (_, "unknown" | "timeout") => unsure += 1,
            _ => panic!(
                "seed {seed}: z3 says {answer}, we say {verdict:?}\n{}\nrule {}\n{script}",
                pair.terms.sql(pair.access),
                pair.terms.sql(pair.rule)
            ),
        }
    }
    println!("z3 agrees on {agree}, {unsure} were not decided by one of us; seeds {first} to {}", first + count - 1);
    assert!(unsure * 20 < count, "{unsure} of {count} were not decided");
}
