//! Masks passwords in text that repeats what a user typed.
//!
//! Errors of the command line and of the configuration quote their input, and a connection URL that was put in the
//! wrong place would carry its password to the screen and to the logs of a build.

/// `text` with the passwords of URLs and of `password=` pairs replaced.
#[must_use]
pub fn mask(text: &str) -> String {
    mask_pairs(&mask_urls(text))
}

/// Whether this looks like connection settings rather than a path.
#[must_use]
pub(super) fn is_connection(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Everything between the first `:` of a URL's authority and the last `@` before white space or a quote.
fn mask_urls(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after.find(|c: char| c.is_whitespace() || "'\"`".contains(c)).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        out.push_str(before);
        out.push_str("://");
        match url.rsplit_once('@') {
            Some((userinfo, host)) => match userinfo.split_once(':') {
                Some((user, _)) => out.push_str(&format!("{user}:***@{host}")),
                None => out.push_str(&format!("{userinfo}@{host}")),
            },
            None => out.push_str(url),
        }
        rest = tail;
    }
    out + rest
}

fn mask_pairs(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("password=") {
        let (before, after) = rest.split_at(at + "password=".len());
        let quoted = after.strip_prefix('\'').and_then(|inner| inner.find('\'')).map(|end| end + 2);
        let end = quoted.or_else(|| after.find(|c: char| c.is_whitespace() || "'\"`&".contains(c)));
        out.push_str(before);
        out.push_str("***");
        rest = after.get(end.unwrap_or(after.len())..).unwrap_or("");
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_passwords_and_nothing_else() {
        assert_eq!(mask("'postgres://u:p@ss@h:5432/d?x=1' found"), "'postgres://u:***@h:5432/d?x=1' found");
        assert_eq!(mask("postgres://u@h/d"), "postgres://u@h/d");
        assert_eq!(mask("host=h password='a b' user=u"), "host=h password=*** user=u");
        assert_eq!(mask("postgres://h/d?password=x&user=u"), "postgres://h/d?password=***&user=u");
        assert_eq!(mask("nothing: here"), "nothing: here");
    }
}
