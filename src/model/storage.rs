//! Supabase storage buckets, when the database has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A row of `storage.buckets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// Its id, which policies compare `bucket_id` with.
    pub id: String,
    /// Whether anyone may download its objects by URL, policies or not.
    pub public: bool,
    /// The largest object allowed, in bytes.
    pub file_size_limit: Option<i64>,
    /// The media types allowed; empty means all.
    pub allowed_mime_types: Vec<String>,
}
