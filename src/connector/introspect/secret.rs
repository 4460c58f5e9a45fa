//! Which settings hold secrets, and what stands in their place.

/// What stands in place of a secret value.
const MASK: &str = "********";

/// Parts of names that say that a setting is a secret.
const NAMES: [&str; 8] = ["secret", "password", "passwd", "key", "token", "jwt", "credential", "private"];

/// The value of setting `name`, unless it is a secret.
///
/// Settings of the server itself have names without a dot, known meanings, and are not secret (`password_encryption`);
/// those of applications have a dot, and their names are all we know. A value that is a secret by its form is masked
/// under any name.
pub(crate) fn masked(name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let named = lower.contains('.') && NAMES.iter().any(|part| lower.contains(part));
    if named || is_secret(value) { MASK.to_owned() } else { value.to_owned() }
}

/// A JSON web token, a private key, or an address with a password.
fn is_secret(value: &str) -> bool {
    let password = |address: &str| {
        let authority = address.split(['/', '?']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    };
    value.contains("eyJ") || value.contains("PRIVATE KEY") || value.split("://").skip(1).any(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_others_kept() {
        for (name, value) in [
            ("app.settings.jwt_secret", "x"),
            ("app.API_Key", "x"),
            ("search_path", "eyJhbGciOi"),
            ("app.url", "postgres://u:p@h/db"),
        ] {
            assert_eq!(masked(name, value), MASK, "{name}");
        }
        for (name, value) in [
            ("password_encryption", "md5"),
            ("pgrst.db_schemas", "public, api"),
            ("app.url", "https://example.org:8080/a@b:c"),
            ("statement_timeout", "3s"),
        ] {
            assert_eq!(masked(name, value), value, "{name}");
        }
    }
}
