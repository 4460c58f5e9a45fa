//! Array literals as the server prints them: with quotes only where an element needs them (manual, "Array Input and Output
//! Syntax").

/// A literal of one dimension; `None` leaves it as it is. `canonical` tells how an element is printed.
pub(super) fn array(text: &str, canonical: impl Fn(&str) -> String) -> Option<String> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some("{}".to_owned());
    }
    let mut elements = Vec::new();
    let mut chars = inner.chars().peekable();
    loop {
        let (element, quoted) = element(&mut chars)?;
        elements.push(match (quoted, element.eq_ignore_ascii_case("null")) {
            (false, true) => "NULL".to_owned(),
            (false, false) if element.is_empty() => return None,
            _ => in_quotes(&canonical(&element)),
        });
        match chars.next() {
            Some(',') => (),
            None => return Some(format!("{{{}}}", elements.join(","))),
            Some(_) => return None,
        }
    }
}

/// The next element, up to its comma, and whether it stood in quotes.
fn element(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<(String, bool)> {
    let mut element = String::new();
    while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
    if chars.next_if_eq(&'"').is_some() {
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => element.push(chars.next()?),
                c => element.push(c),
            }
        }
        while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
        return Some((element, true));
    }
    while let Some(c) = chars.next_if(|c| *c != ',') {
        if matches!(c, '{' | '}' | '"' | '\\') {
            return None;
        }
        element.push(c);
    }
    Some((element.trim_end().to_owned(), false))
}

fn in_quotes(element: &str) -> String {
    let special = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\\' | '{' | '}' | ',');
    if element.is_empty() || element.eq_ignore_ascii_case("null") || element.contains(special) {
        format!("\"{}\"", element.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        element.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_are_needed() {
        let printed = |text: &str| array(text, str::to_owned);
        assert_eq!(
            printed(r#"{"English", b ,"a b",null,"null","", "x\"y"}"#).unwrap(),
            r#"{English,b,"a b",NULL,"null","","x\"y"}"#
        );
        assert_eq!(printed("{ }").as_deref(), Some("{}"));
        for other in ["{{a},{b}}", "{a,}", "[1:2]={a,b}", "a", "{\"a}"] {
            assert_eq!(printed(other), None, "{other}");
        }
    }
}
