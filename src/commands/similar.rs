//! "Did you mean": the known word that a mistyped one is close to.

/// A help line that names the nearest of `known`, when one is near enough.
pub(crate) fn to<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    let best = known.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)).then_with(|| b.cmp(a)))?;
    (near(&best) > 0.8).then(|| format!("did you mean `{best}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_a_near_word_only() {
        assert_eq!(
            to("rls-of-exposed", ["to-public", "rls-off-exposed"]).as_deref(),
            Some("did you mean `rls-off-exposed`?")
        );
        assert_eq!(to("xyzzy", ["to-public", "rls-off-exposed"]), None);
        assert_eq!(to("x", []), None);
    }
}
