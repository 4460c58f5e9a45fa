//! A count of what is understood in real files.

use super::super::*;

/// How many statements of a folder are understood; `PGWITNESS_CORPUS=FOLDER cargo test corpus -- --ignored --nocapture`.
#[test]
#[ignore = "needs a folder of SQL files"]
fn corpus() {
    let root = std::env::var("PGWITNESS_CORPUS").unwrap();
    let (mut files, mut bytes, mut total, mut gaps, mut blocks) = (0, 0, 0, Vec::new(), 0);
    let mut folders = vec![std::path::PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "sql") {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                files += 1;
                bytes += text.len();
                for piece in split(&text) {
                    let parsed = parse(&text, &piece);
                    total += 1;
                    let place = format!("{}:{}", path.display(), piece.line);
                    match &parsed.statement {
                        Statement::Unknown { why, .. } => {
                            let head: String = text[piece.range.clone()].chars().take(110).collect();
                            gaps.push(format!("{why} | {} | {place}", head.replace(['\n', '\r'], " ")));
                        }
                        Statement::Do(block) => {
                            blocks += 1;
                            collect(&block.steps, &text, &place, &mut gaps);
                        }
                        _ => (),
                    }
                }
            }
        }
    }
    gaps.sort();
    let inside = gaps.iter().filter(|g| g.starts_with("DO ")).count();
    let unread = gaps.len() - inside;
    gaps.iter().for_each(|g| println!("{g}"));
    println!(
        "{files} files, {bytes} bytes, {total} statements, {unread} not understood, {inside} gaps in {blocks} DO blocks"
    );
}

fn collect(steps: &[block::Step], text: &str, place: &str, gaps: &mut Vec<String>) {
    use super::block::Step;
    for step in steps {
        match step {
            Step::Run(parsed) => {
                if let Statement::Unknown { why, .. } = &parsed.statement {
                    let head: String = text[parsed.range.clone()].chars().take(90).collect();
                    gaps.push(format!("DO statement: {why} | {} | {place}", head.replace(['\n', '\r'], " ")));
                }
            }
            Step::If(branches, otherwise) => {
                branches.iter().for_each(|(_, s)| collect(s, text, place, gaps));
                collect(otherwise, text, place, gaps);
            }
            Step::Caught(body, handlers) => {
                collect(body, text, place, gaps);
                handlers.iter().for_each(|h| collect(&h.steps, text, place, gaps));
            }
            Step::Gap { why, may_touch_access_control, .. } => {
                gaps.push(format!("DO gap ({may_touch_access_control}): {why} | {place}"));
            }
            Step::Rows(rows) => collect(&rows.otherwise, text, place, gaps),
            Step::Chosen(chosen) => {
                let ways = chosen.branches.iter().map(|(_, branch)| branch).chain([&chosen.otherwise]);
                ways.for_each(|branch| collect(&branch.steps, text, place, gaps));
                collect(&chosen.unchosen, text, place, gaps);
            }
            Step::Assigned(assigned) => collect(&assigned.otherwise, text, place, gaps),
            Step::Rounds(rounds) => rounds.iter().for_each(|r| collect(r, text, place, gaps)),
            Step::Return | Step::Raise(_) | Step::Asks(_) | Step::Continue | Step::Exit => (),
        }
    }
}
