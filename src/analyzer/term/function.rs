//! The functions that something is known of beyond their names.

/// By name: whether [`super::apply`] has values of it, for some arguments at least, and whether it takes any arguments
/// without an error. Casts are looked at by themselves.
const FUNCTIONS: [(&str, bool, bool); 43] = [
    ("!~", false, true),
    ("!~*", false, true),
    ("%", true, false),
    ("&&", true, true),
    ("*", true, true),
    ("+", true, true),
    ("-", true, true),
    ("->", true, true),
    ("->>", true, true),
    ("/", true, false),
    ("<", false, true),
    ("<=", false, true),
    ("<@", true, true),
    ("=", false, true),
    ("= any", true, true),
    ("?", true, true),
    ("@>", true, true),
    ("[]", true, true),
    ("abs", false, true),
    ("array", true, true),
    ("array_length", true, true),
    ("btrim", false, true),
    ("cardinality", true, true),
    ("ilike", true, true),
    ("length", true, true),
    ("like", true, true),
    ("lower", true, true),
    ("ltrim", false, true),
    ("md5", false, true),
    ("now", false, true),
    ("raise", true, false),
    ("replace", false, true),
    ("row is not null", false, true),
    ("row is null", false, true),
    ("rtrim", false, true),
    ("split_part", true, false),
    ("starts_with", true, true),
    ("storage.filename", true, true),
    ("storage.foldername", true, true),
    ("upper", true, true),
    ("||", true, true),
    ("~", false, true),
    ("~*", false, true),
];

fn find(name: &str) -> Option<(bool, bool)> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, values, total)| (*values, *total))
}

/// Whether [`super::apply`] knows the function, for some arguments at least.
#[must_use]
pub fn is_modelled(name: &str) -> bool {
    name == "::" || find(name).is_some_and(|(values, _)| values)
}

/// Whether no arguments make it raise an error.
pub(crate) fn never_raises(name: &str) -> bool {
    let is_comparison =
        name.starts_with("is not distinct(") || name.starts_with("<") && name.contains(" by collation ");
    is_comparison || find(name).is_some_and(|(_, total)| total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_stands_once_and_in_order() {
        assert!(FUNCTIONS.windows(2).all(|pair| matches!(pair, [(a, ..), (b, ..)] if a < b)));
    }
}
