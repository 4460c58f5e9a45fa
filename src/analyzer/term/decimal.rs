//! Decimal numbers with their scale, as `numeric` keeps them: `1.0` and `1.00` are equal and print differently.

use std::cmp::Ordering;
use std::fmt;

/// A finite `numeric`. `Eq` is "the same digits and scale"; [`Decimal::compare`] is SQL's `=` and `<`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    negative: bool,
    /// Digits before the point, without leading zeros; empty for zero.
    whole: String,
    /// Digits after the point, all of them.
    fraction: String,
}

impl Decimal {
    /// Reads digits with an optional sign, point and small exponent; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().ok().filter(|e| e.abs() <= 100)?),
            None => (digits, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        Some(Self::shifted(negative, whole, fraction, exponent))
    }

    fn shifted(negative: bool, whole: &str, fraction: &str, exponent: i32) -> Self {
        let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
        for _ in 0..exponent {
            whole.push(if fraction.is_empty() { '0' } else { fraction.remove(0) });
        }
        for _ in exponent..0 {
            fraction.insert(0, whole.pop().unwrap_or('0'));
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let negative = negative && !(whole.is_empty() && fraction.bytes().all(|b| b == b'0'));
        Self { negative, whole, fraction }
    }

    /// SQL's order, which does not see the scale.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let fraction = |d: &'_ Self| d.fraction.trim_end_matches('0').to_owned();
        let by_whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(&other.whole));
        by_whole.then_with(|| fraction(self).cmp(&fraction(other)))
    }

    /// The same number without a scale of its own, to look equal numbers up by.
    #[must_use]
    pub fn normalized(&self) -> Self {
        Self { fraction: self.fraction.trim_end_matches('0').to_owned(), ..self.clone() }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let whole = if value == 0 { String::new() } else { value.unsigned_abs().to_string() };
        Self { negative: value < 0, whole, fraction: String::new() }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        write!(f, "{sign}{whole}")?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prints_and_compares_as_numeric_does() {
        let d = |s: &str| Decimal::parse(s).unwrap();
        for (text, printed) in
            [("1.50", "1.50"), ("-007", "-7"), (".5", "0.5"), ("1e3", "1000"), ("12.5e-2", "0.125"), ("-0.0", "0.0")]
        {
            assert_eq!(d(text).to_string(), printed);
        }
        for bad in ["", ".", "1.2.3", "NaN", "0x1", "1 ", "1e999"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
        assert_eq!(d("1.0").compare(&d("1.00")), Ordering::Equal);
        assert_ne!(d("1.0"), d("1.00"));
        assert_eq!(d("1.0").normalized(), d("1.00").normalized());
        assert_eq!(d("-2").compare(&d("-1.5")), Ordering::Less);
        assert_eq!(d("10").compare(&d("9.99")), Ordering::Greater);
        assert_eq!(d("0.09").compare(&d("0.1")), Ordering::Less);
        assert_eq!(Decimal::from(i64::MIN).to_string(), i64::MIN.to_string());
    }
}
