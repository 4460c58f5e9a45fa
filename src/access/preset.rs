//! The rule files that come with the program.

use super::text::Text;

const PRESETS: [(&str, &str); 4] = [
    ("multi-tenant", include_str!("../../policies/presets/multi-tenant.toml")),
    ("postgrest", include_str!("../../policies/presets/postgrest.toml")),
    ("strict", include_str!("../../policies/presets/strict.toml")),
    ("supabase", include_str!("../../policies/presets/supabase.toml")),
];

/// What they are called.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.into_iter().map(|(name, _)| name)
}

/// The preset of that name.
pub(super) fn named(name: &str) -> Option<Text> {
    let (name, text) = PRESETS.into_iter().find(|(known, _)| *known == name)?;
    Some(Text { path: format!("preset {name}").into(), text: text.to_owned(), is_preset: true })
}
