//! The macro that turns a check's doc comment into its documentation.

/// Declares the unit struct of a check and its [`Meta`](super::Meta); the doc comment becomes `explain`'s text.
macro_rules! declare_check {
    (
        $(#[doc = $doc:literal])+
        pub(super) struct $name:ident {
            id: $id:literal,
            title: $title:literal,
            severity: $severity:ident,
            bad: $bad:literal,
            good: $good:literal,
            $(min_major: $min_major:literal,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(super) struct $name;

        impl $name {
            const META: $crate::checks::Meta = $crate::checks::Meta {
                id: $id,
                title: $title,
                severity: $crate::finding::Severity::$severity,
                doc: concat!($($doc, "\n"),+),
                bad: $bad,
                good: $good,
                min_major: 0 $(+ $min_major)?,
            };
        }
    };
}

pub(crate) use declare_check;
