//! Names with wildcards: `*` is any run of characters, `?` any one.

/// Whether `pattern` covers the whole of `text`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // After a star: where the pattern goes on, and how much of the text the star has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                p = after;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn covers_the_whole_name() {
        assert!(matches("public.*", "public.profiles"));
        assert!(matches("*.prof?les", "public.profiles"));
        assert!(matches("*a*b", "xaaxbb") && matches("", "") && matches("*", ""));
        assert!(!matches("public", "public.x") && !matches("*.x", "public.xx") && !matches("?", ""));
    }
}
