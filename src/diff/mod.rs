//! What a change does to access: two models in, what was widened or narrowed out.
//!
//! Access is compared as effective access, so that a grant that changes nothing is no change and a dropped policy that
//! opens a table is one. Where only the condition of a policy or the code that it asks differs, the analyzer decides
//! which rows were gained and lost, with a witness: a condition that is written another way and says the same is no
//! change. What cannot be decided is [`Direction::MayWiden`], never silence. Files, positions and the order of statements
//! play no part.

mod functions;
mod policies;
mod relations;
mod roles;
mod rows;
mod same;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checks::Context;
use crate::finding::{ObjectRef, Witness};
use crate::model::Origin;

pub use same::{normal_text, same_text};

/// Which way access went; the more serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody reaches more.
    Widened,
    /// Somebody reaches rows that were out of reach, and no longer others that were in reach.
    Sideways,
    /// Conditions or code changed, and it could not be decided which way.
    MayWiden,
    /// Somebody reaches less.
    Narrowed,
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Widened => "widened",
            Self::Sideways => "moved",
            Self::MayWiden => "may widen",
            Self::Narrowed => "narrowed",
        }
    }
}

/// One difference in access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which way.
    pub direction: Direction,
    /// The roles that it concerns, the least trusted first.
    pub principals: Vec<String>,
    /// What they reach.
    pub object: ObjectRef,
    /// The commands or privileges that it is about.
    pub commands: Vec<String>,
    /// What changed, in one sentence without a full stop.
    pub text: String,
    /// A session and rows that show it, where conditions on rows decide.
    pub witness: Option<Box<Witness>>,
    /// Statements of the later model that did it, where it still holds what they made; the most telling first.
    pub causes: Vec<Origin>,
    /// The objects whose last statement did it otherwise: what was dropped or revoked leaves no origin behind.
    pub subjects: Vec<ObjectRef>,
}

/// The differences in access between two models, the widening ones first, then by object.
#[must_use]
pub fn compare(before: &Context<'_>, after: &Context<'_>) -> Vec<Difference> {
    let pair = Pair { before, after, principals: principals(before, after), rows: rows::Rows::new(before, after) };
    let mut all = relations::compare(&pair);
    all.extend(functions::compare(&pair));
    all.extend(roles::compare(&pair));
    let mut all = together(all);
    all.sort_by(|a, b| {
        (a.direction, &a.object, &a.principals, &a.text).cmp(&(b.direction, &b.object, &b.principals, &b.text))
    });
    all
}

/// The two models, and whose access is compared.
struct Pair<'a, 'm> {
    before: &'a Context<'m>,
    after: &'a Context<'m>,
    /// The untrusted roles of either, the least trusted first.
    principals: Vec<String>,
    rows: rows::Rows,
}

fn principals(before: &Context<'_>, after: &Context<'_>) -> Vec<String> {
    let of = |cx: &Context<'_>| -> Vec<_> {
        cx.effective.principals().iter().filter(|p| p.is_untrusted()).map(|p| (p.who, p.role.clone())).collect()
    };
    let mut all = of(after);
    let new = of(before).into_iter().filter(|(_, role)| !all.iter().any(|(_, r)| r == role)).collect::<Vec<_>>();
    all.extend(new);
    all.sort();
    all.into_iter().map(|(_, role)| role).collect()
}

/// Joins differences that say the same of several roles.
fn together(all: Vec<Difference>) -> Vec<Difference> {
    let mut joined: Vec<Difference> = Vec::new();
    for one in all {
        let twin = joined.iter_mut().find(|other| {
            other.direction == one.direction
                && other.object == one.object
                && other.text == one.text
                && other.commands == one.commands
        });
        match twin {
            Some(twin) => {
                for role in one.principals {
                    if !twin.principals.contains(&role) {
                        twin.principals.push(role);
                    }
                }
                let new: Vec<_> = one.causes.into_iter().filter(|cause| !twin.causes.contains(cause)).collect();
                twin.causes.extend(new);
            }
            None => joined.push(one),
        }
    }
    joined
}
