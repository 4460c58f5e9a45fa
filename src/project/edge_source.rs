//! What the source of an edge function does about its callers, as far as words in it and in what it imports show.

use std::collections::BTreeSet;

use super::Text;

/// Files that are followed from one function.
const MOST: usize = 200;

/// Calls that tell who signed or sent a request. Any of them is a check, if its answer is used.
const PROOFS: [&str; 16] = [
    "constructevent",
    "timingsafeequal",
    "crypto.subtle.verify",
    "createhmac",
    "new webhook(",
    "verifysignature",
    "verify_signature",
    "validatesignature",
    "jwtverify",
    "verifyjwt",
    "auth.getuser(",
    "auth.getclaims(",
    "getuserfromtoken",
    "webhooks.unmarshal",
    "verifywebhook",
    "verifyandreceive",
];

/// Headers that carry a secret, a token or a signature; in lower case, and with a quote before them.
const HEADERS: [&str; 8] =
    ["authorization", "apikey", "x-api-key", "x-signature", "signature", "secret", "token", "x-hub-signature"];

/// How a function looks at its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sign {
    /// The word that shows it.
    pub(super) word: &'static str,
    /// The file that holds it.
    pub(super) file: String,
}

/// The first sign that the function in `folder/name` looks at who calls it; `None` where there is none, or no source.
pub(super) fn sign(files: &[Text], name: &str) -> Option<Sign> {
    let own = format!("/functions/{name}/");
    let starts = files.iter().filter(|f| f.path.replace('\\', "/").contains(&own));
    let mut open: Vec<&Text> = starts.collect();
    let mut seen: BTreeSet<&str> = open.iter().map(|f| f.path.as_str()).collect();
    while let Some(file) = open.pop() {
        if let Some(word) = in_text(&file.text) {
            return Some(Sign { word, file: file.path.clone() });
        }
        for target in imports(&file.text).filter_map(|path| resolved(&file.path, path)) {
            let found = files.iter().find(|f| f.path == target || f.path.strip_suffix(".ts") == Some(target.as_str()));
            if let Some(found) = found.filter(|f| seen.len() < MOST && seen.insert(&f.path)) {
                open.push(found);
            }
        }
    }
    None
}

fn in_text(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let proof = PROOFS.into_iter().find(|word| lower.contains(word));
    proof.or_else(|| {
        let reads = |at: usize| {
            let name = lower.get(at..).and_then(|rest| rest.split(['\'', '"', '`']).nth(1)).unwrap_or_default();
            HEADERS.into_iter().find(|header| name.contains(header))
        };
        [".headers.get(", ".header(", "headers[", ".headers.has("]
            .iter()
            .find_map(|call| lower.match_indices(call).find_map(|(at, _)| reads(at).filter(|_| is_near(&lower, at))))
    })
}

/// Whether a quote follows within the call: a name that is a variable says nothing.
fn is_near(text: &str, at: usize) -> bool {
    let end = (at..=text.len().min(at + 40)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    text.get(at..end).is_some_and(|near| near.contains(['\'', '"', '`']))
}

/// The relative paths that a file imports.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("from ").chain(text.match_indices("import")).filter_map(move |(at, word)| {
        let rest = text.get(at + word.len()..)?.trim_start_matches([' ', '(']);
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        rest.get(1..)?.split(quote).next().filter(|path| path.starts_with('.'))
    })
}

/// The path that an import in `file` leads to.
fn resolved(file: &str, import: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split(['/', '\\']).collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> Vec<Text> {
        all.iter().map(|(path, text)| Text { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn a_check_is_found_where_it_is_imported_from() {
        let all = files(&[
            ("supabase/functions/pay/index.ts", "import { app } from '../_shared/app.ts';\nserve(app);"),
            ("supabase/functions/_shared/app.ts", "import {x} from \"./keys\"; import { y } from 'npm:hono'"),
            ("supabase/functions/_shared/keys.ts", "const h = req.headers.get('Authorization')"),
            (
                "supabase/functions/open/index.ts",
                "import * as a from '../nowhere.ts'; serve(() => new Response('authorization'))",
            ),
            ("supabase/functions/hook/index.ts", "const event = stripe.webhooks.constructEvent(body, sig, secret)"),
            ("supabase/functions/loop/index.ts", "import './index.ts'; import '../../../../../x.ts'"),
        ]);
        assert_eq!(sign(&all, "pay").unwrap().file, "supabase/functions/_shared/keys.ts");
        assert_eq!(sign(&all, "hook").unwrap().word, "constructevent");
        for none in ["open", "loop", "absent"] {
            assert_eq!(sign(&all, none), None, "{none}");
        }
    }
}
