//! What `supabase/config.toml` says of signing in, for the checks of the schema.

use super::Files;
use super::config;
use crate::checks::SignIn;

impl Files {
    /// What the project's configuration says of how users sign in.
    #[must_use]
    pub fn sign_in(&self) -> SignIn {
        let mut known = SignIn::default();
        for setting in self.settings() {
            let said = setting.truth();
            match config::within(&setting.path) {
                // One branch of the project that allows it suffices.
                "auth.enable_anonymous_sign_ins" if known.anonymous != Some(true) => known.anonymous = said,
                "auth.email.enable_confirmations" if known.confirmed != Some(false) => known.confirmed = said,
                _ => {}
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Text;

    #[test]
    fn the_weakest_branch_counts() {
        let known = |text: &str| {
            let config = Text { path: "config.toml".to_owned(), text: text.to_owned() };
            Files { config: Some(config), ..Files::default() }.sign_in()
        };
        let auth = "[auth]\nenable_anonymous_sign_ins = false\n";
        assert_eq!(known(auth), SignIn { anonymous: Some(false), confirmed: None });
        let both = format!("{auth}[remotes.preview.auth]\nenable_anonymous_sign_ins = true\n");
        assert_eq!(known(&both).anonymous, Some(true));
        assert_eq!(known("[auth.email]\nenable_confirmations = false").confirmed, Some(false));
        assert_eq!(known("not toml ["), SignIn::default());
    }
}
