//! The compliance section of the HTML report: each control, its status, and what the status rests on.

use crate::compliance::{Assessment, ControlResult, Status};
use crate::report::markup::escaped;

pub(super) fn section(assessments: &[Assessment]) -> String {
    if assessments.is_empty() {
        return String::new();
    }
    let mut out = "<section id=\"compliance\">\n<h2>Compliance</h2>\n\
                   <p class=\"dim\">What this audit can say of each control. It covers access control in the database; a \
                   pass is evidence for an assessor, not a certificate.</p>\n"
        .to_owned();
    assessments.iter().for_each(|one| out.push_str(&framework(one, assessments.len() == 1)));
    out.push_str("</section>\n");
    out
}

fn framework(assessment: &Assessment, whole: bool) -> String {
    let counts: Vec<_> = Status::ALL
        .iter()
        .map(|status| (status, assessment.count(*status)))
        .filter(|(_, n)| *n > 0)
        .map(|(status, n)| format!("<span class=\"{}\">{n} {}</span>", status.key(), status.words()))
        .collect();
    let open = if whole { " open" } else { "" };
    let mut out = format!(
        "<details{open}><summary><b>{}</b> ({})</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th>Control</th>\
         <th>Status</th><th>Evidence</th><th>Left to a person</th></tr></thead>\n<tbody>\n",
        escaped(&assessment.framework.title()),
        counts.join(", ")
    );
    assessment.controls.iter().for_each(|control| out.push_str(&row(control)));
    out.push_str("</tbody>\n</table></div>\n</details>\n");
    out
}

fn row(control: &ControlResult) -> String {
    let evidence: String = control.evidence().iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    format!(
        "<tr><td><b>{}</b><br>{}</td><td class=\"{}\">{}</td><td>{}<ul>{evidence}</ul></td><td>{}</td></tr>\n",
        escaped(&control.id),
        escaped(&control.title),
        control.status.key(),
        control.status.words(),
        escaped(&control.because),
        escaped(control.manual.as_deref().unwrap_or(""))
    )
}
