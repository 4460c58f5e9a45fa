//! The HTML report in a real browser without a screen: it opens, filters, says nothing to the console, asks for nothing
//! from outside, and prints.

use std::path::Path;
use std::process::{Command, Output};

use super::written;

fn chromium(here: &Path, arguments: &[&str], page: &str) -> Output {
    let profile = here.join("profile");
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    command.args([
        "--disable-background-networking",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display())).args(arguments).arg(page);
    let output = command.output().unwrap_or_else(|e| panic!("{e}; help: apt-get install chromium"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A request that the page's own policy stops is told there too.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console: Vec<_> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    output
}

#[test]
fn the_page_opens_filters_and_prints() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("report.html");
    std::fs::write(&page, &written()["html"]).unwrap();
    let url = format!("file://{}", page.display());
    let dom = |fragment: &str| {
        let output = chromium(dir.path(), &["--dump-dom"], &format!("{url}{fragment}"));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = |dom: &str| {
        let (_, rest) = dom.split_once("<output id=\"shown\">").unwrap();
        rest.split_once(" shown").unwrap().0.to_owned()
    };
    let all = dom("");
    let rows = all.matches("<tr data-role=").count();
    assert!(rows > 20, "{rows}");
    assert_eq!(shown(&all), format!("{rows} of {rows}"));
    let of_anon = all.matches("<tr data-role=\"anon\"").count();
    let filtered = dom("#access:role=anon&text=%3Cscript");
    assert_eq!(shown(&filtered), format!("1 of {rows}"));
    assert!(of_anon > 1 && filtered.matches(" hidden=\"\"").count() == rows - 1, "{of_anon}");
    let (pdf, picture) = (dir.path().join("report.pdf"), dir.path().join("report.png"));
    chromium(dir.path(), &[&format!("--print-to-pdf={}", pdf.display()), "--no-pdf-header-footer"], &url);
    let pdf = std::fs::read(pdf).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 20_000);
    // A4 is 595 by 842 points.
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("595") && text.contains("84"), "no A4 page");
    chromium(dir.path(), &[&format!("--screenshot={}", picture.display()), "--window-size=1200,1600"], &url);
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}
