//! Settings of the sign-in that let more people in than meant.

use super::config::{self, Setting};
use super::{FileCheck, Files};
use crate::checks::{Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};

declare_check! {
    /// A setting of `[auth]` in `supabase/config.toml` makes it easy to become a user, or to become another one.
    ///
    /// One finding a setting: redirects to any host (a sign-in link then hands its token to a stranger), fixed one-time
    /// codes, sign-ups without a confirmed address (policies that trust the address trust whoever typed it), anonymous
    /// sign-ins (every visitor is `authenticated`), short passwords or codes, tokens that live long, refresh tokens that
    /// can be used again, no second factor, no captcha.
    ///
    /// The file describes the local stack, and the hosted project where it is pushed or branches are used; what the
    /// dashboard says is not read, so these are likely, not certain. Settings that are not written are not judged, and
    /// whether passwords are held against lists of leaked ones is a setting of the dashboard alone.
    pub(super) struct AuthConfigWeak {
        id: "auth-config-weak",
        title: "setting of the sign-in that lets in more than meant",
        severity: High,
        bad: "
            [auth]
            additional_redirect_urls = [\"https://**\"]
            minimum_password_length = 4
        ",
        good: "
            [auth]
            additional_redirect_urls = [\"https://app.example.com/**\"]
            minimum_password_length = 12
        ",
    }
}

/// What is weak about a setting, what follows, and what to write instead.
struct Weak {
    severity: Severity,
    what: String,
    instead: String,
}

fn weak(severity: Severity, what: impl Into<String>, instead: impl Into<String>) -> Option<Weak> {
    Some(Weak { severity, what: what.into(), instead: instead.into() })
}

impl FileCheck for AuthConfigWeak {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, files: &Files, out: &mut Findings<'_>) {
        let Some(file) = &files.config else { return };
        let all = files.settings();
        // Text messages go out only where a provider of them is on.
        let by_text =
            all.iter().any(|s| s.path.starts_with("auth.sms.") && s.path.ends_with(".enabled") && s.is_true());
        let off = |path: &str| {
            (path == "auth.sms.enable_signup" && !by_text) || all.iter().any(|s| s.path == path && s.is_false())
        };
        if off("auth.enabled") {
            return;
        }
        let has_other_factor = all.iter().any(|s| {
            let path = config::within(&s.path);
            path.starts_with("auth.mfa.") && path.ends_with(".enroll_enabled") && s.is_true()
        });
        for setting in all.iter().filter(|s| config::within(&s.path).starts_with("auth.")) {
            out.examine(ObjectRef::global(ObjectKind::Setting, &setting.path));
            let Some(Weak { severity, what, instead }) = judged(setting, &off, has_other_factor) else { continue };
            let name = setting.path.rsplit('.').next().unwrap_or_default();
            let message = format!("{what}. It holds wherever this file is pushed to; the dashboard may say otherwise.");
            let title = format!("weak sign-in setting {}", setting.path);
            let draft = Draft::new(ObjectRef::global(ObjectKind::Setting, &setting.path), severity, title, message)
                .confidence(Confidence::Likely)
                .fix(format!("# supabase/config.toml\n{name} = {instead}"))
                .origin(files.origin(file, setting.span.clone()));
            out.report(draft);
        }
    }
}

fn judged(setting: &Setting, off: &dyn Fn(&str) -> bool, has_other_factor: bool) -> Option<Weak> {
    use Severity::{Low, Medium};
    let path = config::within(&setting.path);
    let number = setting.number();
    match path {
        "auth.additional_redirect_urls" => redirects(setting),
        "auth.enable_anonymous_sign_ins" if setting.is_true() => {
            weak(Medium, "every visitor can sign in without an account and is `authenticated` then", "false")
        }
        "auth.email.enable_confirmations" if setting.is_false() && !off("auth.email.enable_signup") => {
            weak(Low, "anyone can sign up with another person's e-mail address, which nobody confirms", "true")
        }
        "auth.sms.enable_confirmations" if setting.is_false() && !off("auth.sms.enable_signup") => {
            weak(Low, "anyone can sign up with another person's phone number, which nobody confirms", "true")
        }
        "auth.email.double_confirm_changes" if setting.is_false() => {
            weak(Low, "whoever holds a session can move the account to another address unseen by the old one", "true")
        }
        "auth.minimum_password_length" if number.is_some_and(|n| n < 8) => {
            let severity = if number < Some(6) { Medium } else { Low };
            weak(severity, format!("passwords of {} characters are allowed", number.unwrap_or_default()), "12")
        }
        "auth.jwt_expiry" if number.is_some_and(|n| n > 3600) => {
            let severity = if number > Some(86_400) { Medium } else { Low };
            let hours = number.unwrap_or_default() / 3600;
            weak(severity, format!("a stolen token, or one of a removed member, stays good for {hours} hours"), "3600")
        }
        "auth.enable_refresh_token_rotation" if setting.is_false() => {
            weak(Medium, "a stolen refresh token works for ever, and nobody notices", "true")
        }
        "auth.refresh_token_reuse_interval" if number.is_some_and(|n| n > 60) => {
            weak(Low, "a used refresh token works again for more than a minute", "10")
        }
        "auth.email.otp_length" if number.is_some_and(|n| n < 6) => {
            weak(Medium, "one-time codes are short enough to be guessed", "6")
        }
        "auth.email.otp_expiry" if number.is_some_and(|n| n > 3600) => {
            weak(Low, "one-time codes are good for more than an hour", "3600")
        }
        "auth.captcha.enabled" if setting.is_false() => {
            weak(Low, "sign-ups and passwords can be tried by programs: the captcha is off", "true")
        }
        "auth.mfa.totp.enroll_enabled" if setting.is_false() && !has_other_factor => {
            weak(Severity::Info, "nobody can set up a second factor: a password alone opens an account", "true")
        }
        "auth.mfa.totp.verify_enabled" if setting.is_false() && !off("auth.mfa.totp.enroll_enabled") => {
            weak(Low, "second factors can be set up and are never asked for", "true")
        }
        path if path.starts_with("auth.sms.test_otp.") => {
            weak(Medium, "this phone number signs in with a code that is written here", "\"\" # take the line out")
        }
        path if path.starts_with("auth.external.") && path.ends_with(".skip_nonce_check") && setting.is_true() => {
            weak(Medium, "a sign-in of the provider can be replayed: its nonce is not checked", "false")
        }
        _ => None,
    }
}

/// Hosts where anyone can have a page.
const SHARED: [&str; 8] = [
    "vercel.app",
    "netlify.app",
    "pages.dev",
    "github.io",
    "web.app",
    "firebaseapp.com",
    "onrender.com",
    "herokuapp.com",
];

fn redirects(setting: &Setting) -> Option<Weak> {
    let urls = setting.texts()?.into_iter();
    let worst = urls.filter_map(|url| Some((redirect(url)?, url))).max_by_key(|(severity, _)| *severity);
    let (severity, url) = worst?;
    let what = format!("sign-in links may lead to any page that fits `{url}`, and the session goes with them");
    weak(severity, what, "[\"https://app.example.com/**\"]")
}

/// How bad a wildcard of a redirect is: in the path it is meant, in the host it lets others in.
fn redirect(url: &str) -> Option<Severity> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    // A scheme of the application's own leads to the application.
    if !scheme.contains('*') && !["", "http", "https"].contains(&scheme) || url.is_empty() {
        return None;
    }
    if scheme.contains('*') || host.chars().all(|c| c == '*' || c == '.') {
        return Some(Severity::High);
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    match host.contains('*') {
        false => None,
        true if last.contains('*') || host.matches('.').count() < 2 => Some(Severity::High),
        true => SHARED.iter().any(|s| host.ends_with(s)).then_some(Severity::Medium).or(Some(Severity::Low)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_hosts() {
        for (url, expected) in [
            ("https://**", Some(Severity::High)),
            ("*", Some(Severity::High)),
            ("**", Some(Severity::High)),
            ("https://*/callback", Some(Severity::High)),
            ("https://*.com/**", Some(Severity::High)),
            ("*://app.example.com", Some(Severity::High)),
            ("https://*-team.vercel.app/**", Some(Severity::Medium)),
            ("https://*.example.com/**", Some(Severity::Low)),
            ("https://app.example.com/**", None),
            ("http://localhost:3000/**", None),
            ("myapp://**", None),
            ("", None),
        ] {
            assert_eq!(redirect(url), expected, "{url}");
        }
    }
}
