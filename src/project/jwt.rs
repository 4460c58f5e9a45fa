//! JSON Web Tokens, read without their key: the claims are only encoded.

use serde_json::Value;

/// The claims of a token of three parts; `None` if this is none.
pub(super) fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.len() < 20 {
        return None;
    }
    let header: Value = serde_json::from_slice(&decoded(header)?).ok()?;
    header.get("alg")?;
    serde_json::from_slice(&decoded(payload)?).ok().filter(Value::is_object)
}

/// Base64 with the alphabet for URLs or the other one, and without padding (RFC 7515, section 2).
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = ((bits << 6) | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_claims_and_nothing_else() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.AAAAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(claims(token).unwrap()["role"], "anon");
        for none in ["", "a.b.c", "eyJ.eyJ.", "eyJhbGciOiJIUzI1NiJ9.W10.AAAAAAAAAAAAAAAAAAAAAAAA", "....", "é.é.é"] {
            assert_eq!(claims(none), None, "{none}");
        }
    }
}
