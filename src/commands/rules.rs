//! The access rules of a run.

use super::Run;
use crate::Error;
use crate::access::{self, Intent};
use crate::checks::Context;

/// What is declared of the database, or else the default reading of it.
pub(super) fn intent(_run: &Run, cx: &Context<'_>) -> Result<Intent, Error> {
    Ok(access::reading(&cx.effective))
}
