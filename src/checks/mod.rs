//! The checks. Every other file here is one check: its documentation, a bad and a good example, and the code.
//!
//! `explain`, the list, SARIF help and the tests all derive from that one file. A check is added by its file and a
//! line in [`CHECKS`]; a test fails if the line is forgotten.

mod aal2_missing;
mod anonymous_signin_reach;
mod auth_hook_acl;
mod auth_role_predicate;
mod auth_users_view;
mod authenticator_surface;
mod blind_write;
mod bypass_via_set_role;
mod bypassrls_login;
mod calls;
mod captured_column;
mod check_or_merge;
mod code;
mod column_grant_defeated;
mod compared;
mod context;
mod createrole_admin;
mod current_user_pooled;
mod declare;
mod default_privileges;
mod definer_trigger;
mod definer_view;
mod definer_view_chain;
mod definer_view_write;
mod doors;
mod dynamic;
mod dynamic_sql_injection;
mod email_trust;
mod filter_view_no_barrier;
mod fk_cascade_bypass;
mod foreign_table_exposed;
mod grant_option;
mod guc_null_vs_empty;
mod guc_tenancy_settable;
mod hardcoded_identity;
mod hinged;
mod immutable_identity;
mod inherit_child_direct;
mod insert_unchecked;
mod intent;
mod leakproof_function;
mod lookup_hidden;
mod maintain_grant;
mod mass_assignable_authority;
mod matview_exposed;
mod meant;
mod metadata;
mod names;
mod notify_leak;
mod null_identity_inversion;
mod null_owner_match;
mod or_merge_widening;
mod outbound_functions;
mod own_writes;
mod owner_move;
mod owner_reachable;
mod partition_child_direct;
mod platform_schema_grants;
mod policy_contradiction;
mod policy_function_not_executable;
mod policy_name_audience;
mod policy_recursion;
mod policy_tautology;
mod policy_to_inert_role;
mod predefined_roles;
mod public_create;
mod queue_exposed;
mod reached;
mod realtime_messages;
mod realtime_rls_off;
mod references_grant;
mod remedy;
mod reproduce;
mod restrictive_gap;
mod restrictive_noop;
mod rls_no_permissive;
mod rls_off_exposed;
mod rls_off_with_policies;
mod role_preset_guc;
mod scalar_subquery_membership;
mod secdef_exposed;
mod secdef_no_caller_binding;
mod secdef_search_path;
mod self_insertable_membership;
mod self_writable_authority;
mod sequence_grant;
mod server_version_flaw;
mod settings;
mod shadow_copy;
mod shown;
mod storage_no_bucket;
mod storage_overwrite;
mod storage_public_bucket;
mod to_public;
mod trees;
#[cfg(test)]
mod trial;
mod trigger_grant;
mod truncate_reachable;
mod uncorrelated_exists;
mod unfiltered;
mod unique_existence_oracle;
mod untrusted_lang;
mod user_metadata_trust;
mod volatile_policy;
pub(crate) mod words;

pub(crate) use code::bare_names;
pub use context::{Context, Reach, SignIn};
pub(crate) use declare::declare_check;
pub(crate) use definer_trigger::fired;
pub(crate) use platform_schema_grants::PLATFORM_SCHEMAS;
pub(crate) use policy_to_inert_role::policy_on;
pub(crate) use reproduce::rpc;
pub(crate) use unique_existence_oracle::telling_indexes;

use crate::finding::{Findings, Severity};
use crate::parallel;

/// A check of the model.
pub trait Check: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Looks at the model, notes what it examined and reports what is wrong.
    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>);
}

/// What a check is, for people.
#[derive(Debug)]
pub struct Meta {
    /// Its id: kebab-case, naming the defect.
    pub id: &'static str,
    /// One line, without a full stop.
    pub title: &'static str,
    /// The worst severity it reports.
    pub severity: Severity,
    /// What it finds, why it matters, what is not reported; Markdown.
    pub doc: &'static str,
    /// SQL, run as `postgres` on the Supabase platform, on which it fires.
    pub bad: &'static str,
    /// The same done right, on which it is silent.
    pub good: &'static str,
    /// The first major version that the examples' syntax is for; 0 for any.
    pub min_major: u32,
}

/// Every check, by id.
pub const CHECKS: &[&dyn Check] = &[
    &aal2_missing::Aal2Missing,
    &anonymous_signin_reach::AnonymousSigninReach,
    &auth_hook_acl::AuthHookAcl,
    &auth_role_predicate::AuthRolePredicate,
    &auth_users_view::AuthUsersView,
    &authenticator_surface::AuthenticatorSurface,
    &blind_write::BlindWrite,
    &bypass_via_set_role::BypassViaSetRole,
    &bypassrls_login::BypassrlsLogin,
    &captured_column::CapturedColumn,
    &check_or_merge::CheckOrMerge,
    &column_grant_defeated::ColumnGrantDefeated,
    &createrole_admin::CreateroleAdmin,
    &current_user_pooled::CurrentUserPooled,
    &default_privileges::DefaultPrivilegesCheck,
    &definer_trigger::DefinerTrigger,
    &definer_view::DefinerView,
    &definer_view_chain::DefinerViewChain,
    &definer_view_write::DefinerViewWrite,
    &dynamic_sql_injection::DynamicSqlInjection,
    &email_trust::EmailTrust,
    &filter_view_no_barrier::FilterViewNoBarrier,
    &fk_cascade_bypass::FkCascadeBypass,
    &foreign_table_exposed::ForeignTableExposed,
    &grant_option::GrantOption,
    &guc_null_vs_empty::GucNullVsEmpty,
    &guc_tenancy_settable::GucTenancySettable,
    &hardcoded_identity::HardcodedIdentity,
    &immutable_identity::ImmutableIdentity,
    &inherit_child_direct::InheritChildDirect,
    &insert_unchecked::InsertUnchecked,
    &leakproof_function::LeakproofFunction,
    &lookup_hidden::LookupHidden,
    &maintain_grant::MaintainGrant,
    &mass_assignable_authority::MassAssignableAuthority,
    &matview_exposed::MatviewExposed,
    &notify_leak::NotifyLeak,
    &null_identity_inversion::NullIdentityInversion,
    &null_owner_match::NullOwnerMatch,
    &or_merge_widening::OrMergeWidening,
    &outbound_functions::OutboundFunctions,
    &owner_move::OwnerMove,
    &owner_reachable::OwnerReachable,
    &partition_child_direct::PartitionChildDirect,
    &platform_schema_grants::PlatformSchemaGrants,
    &policy_contradiction::PolicyContradiction,
    &policy_function_not_executable::PolicyFunctionNotExecutable,
    &policy_name_audience::PolicyNameAudience,
    &policy_recursion::PolicyRecursion,
    &policy_tautology::PolicyTautology,
    &policy_to_inert_role::PolicyToInertRole,
    &predefined_roles::PredefinedRoles,
    &public_create::PublicCreate,
    &queue_exposed::QueueExposed,
    &realtime_messages::RealtimeMessages,
    &realtime_rls_off::RealtimeRlsOff,
    &references_grant::ReferencesGrant,
    &restrictive_gap::RestrictiveGap,
    &restrictive_noop::RestrictiveNoop,
    &rls_no_permissive::RlsNoPermissive,
    &rls_off_exposed::RlsOffExposed,
    &rls_off_with_policies::RlsOffWithPolicies,
    &role_preset_guc::RolePresetGuc,
    &scalar_subquery_membership::ScalarSubqueryMembership,
    &secdef_exposed::SecdefExposed,
    &secdef_no_caller_binding::SecdefNoCallerBinding,
    &secdef_search_path::SecdefSearchPath,
    &self_insertable_membership::SelfInsertableMembership,
    &self_writable_authority::SelfWritableAuthority,
    &sequence_grant::SequenceGrant,
    &server_version_flaw::ServerVersionFlaw,
    &shadow_copy::ShadowCopy,
    &storage_no_bucket::StorageNoBucket,
    &storage_overwrite::StorageOverwrite,
    &storage_public_bucket::StoragePublicBucket,
    &to_public::ToPublic,
    &trigger_grant::TriggerGrant,
    &truncate_reachable::TruncateReachable,
    &uncorrelated_exists::UncorrelatedExists,
    &unique_existence_oracle::UniqueExistenceOracle,
    &untrusted_lang::UntrustedLang,
    &user_metadata_trust::UserMetadataTrust,
    &volatile_policy::VolatilePolicy,
];

/// What every check is, those of [`crate::project`] too, by id.
#[must_use]
pub fn all() -> Vec<&'static Meta> {
    let of_files = crate::project::FILE_CHECKS.iter().map(|c| c.meta());
    let of_rules = crate::verdicts::CHECKS.iter().chain(crate::suppression::CHECKS).copied();
    let mut all: Vec<_> = CHECKS.iter().map(|c| c.meta()).chain(of_files).chain(of_rules).collect();
    all.sort_by_key(|meta| meta.id);
    all
}

/// The check of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Meta> {
    all().into_iter().find(|meta| meta.id == id)
}

/// Runs all checks. The processors share them.
pub fn run_all(cx: &Context<'_>, out: &mut Findings<'_>) {
    // What two of them want, and takes longest, comes first, by all processors.
    cx.find_escalations();
    let all = parallel::each(CHECKS, 1, |check| {
        out.apart(|own| {
            own.enter(check.meta().id);
            check.run(cx, own);
        })
    });
    all.into_iter().for_each(|one| out.append(one));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Files here that are no check.
    const PARTS: &[&str] = &[
        "calls",
        "code",
        "compared",
        "context",
        "declare",
        "doors",
        "dynamic",
        "hinged",
        "intent",
        "meant",
        "metadata",
        "mod",
        "names",
        "own_writes",
        "reached",
        "remedy",
        "reproduce",
        "settings",
        "shown",
        "trees",
        "trial",
        "unfiltered",
        "words",
    ];

    #[test]
    fn ids_are_sorted_unique_and_kebab_case() {
        let ids: Vec<_> = all().iter().map(|meta| meta.id).collect();
        let sorted: Vec<_> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(ids, sorted);
        for id in ids {
            let parts =
                id.split('-').all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            assert!(parts, "{id}");
            assert!(find(id).is_some(), "{id}");
        }
    }

    #[test]
    fn every_file_is_a_check_in_the_list() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
        let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
        let stems: BTreeSet<_> = files.map(|f| f.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        let checks: BTreeSet<_> = stems.into_iter().filter(|s| !PARTS.contains(&s.as_str())).collect();
        let listed: BTreeSet<_> = CHECKS.iter().map(|c| c.meta().id.replace('-', "_")).collect();
        assert_eq!(checks, listed);
    }

    #[test]
    fn every_check_is_documented() {
        for meta in all() {
            assert!(!meta.title.is_empty() && !meta.title.ends_with('.'), "{}", meta.id);
            let first = meta.doc.trim().lines().next().unwrap_or_default();
            assert!(meta.doc.len() > 200 && first.len() > 40, "{}", meta.id);
            assert!(!meta.bad.trim().is_empty(), "{}", meta.id);
        }
    }
}
