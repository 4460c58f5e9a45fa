//! Fingerprints: the identity of a defect across runs, renumbered lines and reworded messages.

use sha2::{Digest, Sha256};

use super::ObjectRef;

/// 16 hexadecimal digits over the check, the object and what tells two defects of one object apart.
pub(super) fn of(check: &str, object: &ObjectRef, detail: &str) -> String {
    let parts = [
        check,
        object.kind.word(),
        object.schema.as_deref().unwrap_or(""),
        &object.name,
        object.part.as_deref().unwrap_or(""),
        detail,
    ];
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::QualifiedName;

    #[test]
    fn tells_objects_apart_and_stays_the_same() {
        let a = ObjectRef::relation(&QualifiedName::new("public", "a"));
        let b = ObjectRef::relation(&QualifiedName::new("publica", ""));
        assert_ne!(of("c", &a, ""), of("c", &b, ""));
        assert_eq!(of("rls-off-exposed", &a, "").len(), 16);
        assert_eq!(of("c", &a, ""), of("c", &a, ""));
        assert_ne!(of("c", &a, ""), of("c", &a, "anon"));
    }
}
