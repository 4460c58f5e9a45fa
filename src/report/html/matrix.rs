//! The access matrix of the HTML report: a row for each role and relation, filtered by a script of a few lines.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Command;
use crate::report::markup::escaped;
use crate::report::{Grade, MatrixEntry, Report};

pub(super) fn section(report: &Report) -> String {
    let mut rows: BTreeMap<(&str, String), Vec<&MatrixEntry>> = BTreeMap::new();
    for entry in &report.matrix {
        rows.entry((entry.principal.as_str(), entry.relation.to_string())).or_default().push(entry);
    }
    let mut out = "<section id=\"access\">\n<h2>Access matrix</h2>\n".to_owned();
    if rows.is_empty() {
        out.push_str("<p>There is no relation that a client role could reach.</p>\n</section>\n");
        return out;
    }
    let roles: BTreeSet<_> = rows.keys().map(|(role, _)| *role).collect();
    out.push_str(&filter(&roles));
    out.push_str("<div class=\"scroll\"><table id=\"matrix\">\n<thead><tr><th>Role</th><th>Relation</th>");
    Command::ALL.iter().for_each(|command| out.push_str(&format!("<th>{command}</th>")));
    out.push_str("</tr></thead>\n<tbody>\n");
    rows.iter().for_each(|((role, relation), entries)| out.push_str(&row(role, relation, entries)));
    out.push_str("</tbody>\n</table></div>\n</section>\n");
    out
}

fn filter(roles: &BTreeSet<&str>) -> String {
    let mut options = "<option value=\"\">all</option>".to_owned();
    roles.iter().for_each(|role| options.push_str(&format!("<option>{}</option>", escaped(role))));
    format!(
        "<form class=\"filter\" id=\"filter\">\n\
         <label>Relation <input name=\"text\" type=\"search\" placeholder=\"part of its name\"></label>\n\
         <label>Role <select name=\"role\">{options}</select></label>\n\
         <label>Reaches <select name=\"access\"><option value=\"\">anything</option><option value=\"all\">every row</option>\
         <option value=\"some\">some rows</option></select></label>\n\
         <output id=\"shown\"></output>\n</form>\n"
    )
}

fn row(role: &str, relation: &str, entries: &[&MatrixEntry]) -> String {
    let grades: BTreeSet<_> = entries.iter().map(|entry| word(entry.access)).collect();
    let grades: Vec<_> = grades.into_iter().collect();
    let mut out = format!(
        "<tr data-role=\"{}\" data-relation=\"{}\" data-access=\"{}\"><td>{}</td><td><code>{}</code></td>",
        escaped(role),
        escaped(relation),
        grades.join(" "),
        escaped(role),
        escaped(relation)
    );
    for command in Command::ALL {
        match entries.iter().find(|entry| entry.command == command) {
            Some(entry) => out.push_str(&cell(entry)),
            None => out.push_str("<td></td>"),
        }
    }
    out.push_str("</tr>\n");
    out
}

fn cell(entry: &MatrixEntry) -> String {
    let columns = entry.columns.as_ref().map_or_else(String::new, |list| format!(" of {}", list.join(", ")));
    let shown = match (entry.access, &entry.condition) {
        (Grade::None, _) => "none".to_owned(),
        (Grade::All, _) => format!("all{columns}"),
        (Grade::Some, Some(condition)) => format!("where {condition}{columns}"),
        (Grade::Some, None) => format!("some{columns}"),
    };
    format!("<td class=\"{}\" title=\"{}\">{}</td>", word(entry.access), escaped(&entry.because), escaped(&shown))
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::None => "none",
        Grade::Some => "some",
        Grade::All => "all",
    }
}
