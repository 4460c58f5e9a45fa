//! Dates and times as the server prints them in the ISO style, where they were written so; else they stay as they are.

/// `2026-7-1`
pub(super) fn date(text: &str) -> Option<String> {
    let mut parts = text.trim().split('-');
    let (year, month, day) = (parts.next()?, number(parts.next()?, 1..=12)?, number(parts.next()?, 1..=31)?);
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    (is_year && parts.next().is_none()).then(|| format!("{year}-{month:02}-{day:02}"))
}

/// `7:00`, `07:00:00.50`
pub(super) fn time(text: &str) -> Option<String> {
    let mut parts = text.trim().split(':');
    let (hour, minute) = (number(parts.next()?, 0..=23)?, number(parts.next()?, 0..=59)?);
    let (second, fraction) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "")),
        None => ("0", ""),
    };
    let second = number(second, 0..=59)?;
    let precise = fraction.len() <= 6 && fraction.bytes().all(|b| b.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    (precise && parts.next().is_none()).then(|| format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"))
}

/// `2026-07-01`, `2026-07-01T07:00`
pub(super) fn timestamp(text: &str) -> Option<String> {
    let text = text.trim();
    let (day, of_day) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    Some(format!("{} {}", date(day)?, time(of_day)?))
}

/// With `Z`, `+00` or no zone at all, in a session whose zone is UTC.
pub(super) fn timestamp_in_utc(text: &str) -> Option<String> {
    let text = text.trim();
    let zones = ["Z", "z", "+00", "+00:00", "-00", "UTC", " UTC"];
    let plain = zones.into_iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text);
    Some(timestamp(plain)? + "+00")
}

fn number(text: &str, within: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let digits = text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && within.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_the_iso_style_is_printed_in_full() {
        assert_eq!(time("7:00").as_deref(), Some("07:00:00"));
        assert_eq!(time("07:00:09.500").as_deref(), Some("07:00:09.5"));
        assert_eq!(date("2026-7-1").as_deref(), Some("2026-07-01"));
        assert_eq!(timestamp("2026-07-23T00:00").as_deref(), Some("2026-07-23 00:00:00"));
        assert_eq!(timestamp_in_utc("2026-07-23T00:00:00Z").as_deref(), Some("2026-07-23 00:00:00+00"));
        assert_eq!(timestamp_in_utc("2026-07-23").as_deref(), Some("2026-07-23 00:00:00+00"));
        for other in ["now", "infinity", "1 July 2026", "2026-13-01", "07:00 PM", "2026-07-23 00:00+02", "", "24:00"] {
            assert_eq!((date(other), time(other), timestamp_in_utc(other)), (None, None, None), "{other}");
        }
    }
}
