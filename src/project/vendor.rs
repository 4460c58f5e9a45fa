//! The shapes of keys that services give out, by their documented prefixes.

use super::scan::Weight;

/// A kind of key.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    /// The fewest characters after the prefix.
    pub(super) least: usize,
    /// Characters besides letters and digits that it may have.
    pub(super) also: &'static str,
    pub(super) what: &'static str,
    pub(super) weight: Weight,
}

const fn shape(prefix: &'static str, least: usize, also: &'static str, what: &'static str, weight: Weight) -> Shape {
    Shape { prefix, least, also, what, weight }
}

/// Longer prefixes before those that they begin with.
pub(super) const SHAPES: &[Shape] = &[
    shape("sb_secret_", 20, "_-", "Supabase secret key", Weight::Database),
    shape("sbp_", 40, "_", "Supabase access token", Weight::Database),
    shape("sk_live_", 16, "", "Stripe secret key", Weight::Service),
    shape("rk_live_", 16, "", "Stripe restricted key", Weight::Service),
    shape("rk_test_", 16, "", "Stripe test key", Weight::Test),
    shape("sk_test_", 16, "", "Stripe test key", Weight::Test),
    shape("whsec_", 24, "+/=", "webhook signing secret", Weight::Service),
    shape("sk-ant-", 40, "_-", "Anthropic key", Weight::Service),
    shape("sk-proj-", 40, "_-", "OpenAI key", Weight::Service),
    shape("sk-", 40, "", "OpenAI key", Weight::Service),
    shape("AKIA", 16, "", "AWS access key id", Weight::Service),
    shape("github_pat_", 40, "_", "GitHub token", Weight::Service),
    shape("ghp_", 36, "", "GitHub token", Weight::Service),
    shape("gho_", 36, "", "GitHub token", Weight::Service),
    shape("ghs_", 36, "", "GitHub token", Weight::Service),
    shape("glpat-", 20, "_-", "GitLab token", Weight::Service),
    shape("xoxb-", 20, "-", "Slack token", Weight::Service),
    shape("xoxp-", 20, "-", "Slack token", Weight::Service),
    shape("https://hooks.slack.com/services/T", 30, "/", "Slack webhook", Weight::Service),
    shape("https://discord.com/api/webhooks/", 60, "/_-", "Discord webhook", Weight::Service),
    shape("SG.", 60, "._-", "SendGrid key", Weight::Service),
    shape("GOCSPX-", 20, "_-", "Google OAuth client secret", Weight::Service),
    shape("AIza", 35, "_-", "Google API key", Weight::Test),
    shape("gsk_", 40, "", "Groq key", Weight::Service),
    shape("xai-", 60, "", "xAI key", Weight::Service),
    shape("r8_", 36, "", "Replicate token", Weight::Service),
    shape("xapp-", 40, "-", "Slack token", Weight::Service),
    shape("sntrys_", 40, "_=+/", "Sentry token", Weight::Service),
    shape("npm_", 36, "", "npm token", Weight::Service),
    shape("shpat_", 32, "", "Shopify token", Weight::Service),
    shape("dop_v1_", 60, "", "DigitalOcean token", Weight::Service),
    shape("lin_api_", 30, "", "Linear key", Weight::Service),
    shape("hf_", 34, "", "Hugging Face token", Weight::Service),
    shape("re_", 28, "_", "Resend key", Weight::Service),
];

/// Keys that every local Supabase stack has.
pub(super) const LOCAL: [&str; 2] =
    ["sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz", "super-secret-jwt-token-with-at-least-32-characters-long"];
