//! Reading the system catalogs into a [`Schema`](crate::model::Schema).
