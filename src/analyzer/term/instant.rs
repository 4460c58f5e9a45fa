//! Dates and times as the server stores them: days and microseconds from 2000-01-01.

use std::fmt::Write as _;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Days from 2000-01-01 to a date of the years 1 to 9999, given as `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let mut parts = text.split('-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || y.len() != 4 || m.len() != 2 || d.len() != 2 {
        return None;
    }
    let (y, m, d) = (number(y)?, number(m)?, number(d)?);
    let days = days_from_civil(y, m, d)?;
    i32::try_from(days).ok()
}

/// Microseconds of `HH:MM[:SS[.ffffff]]`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (h, m, s) = (parts.next()?, parts.next()?, parts.next().unwrap_or("00"));
    let (s, fraction) = s.split_once('.').unwrap_or((s, ""));
    if parts.next().is_some() || [h, m, s].iter().any(|p| p.len() != 2) || fraction.len() > 6 {
        return None;
    }
    let (h, m, s) = (number(h)?, number(m)?, number(s)?);
    let micros = if fraction.is_empty() { 0 } else { number(&format!("{fraction:0<6}"))? };
    if h > 23 || m > 59 || s > 59 {
        return None;
    }
    Some(((h * 60 + m) * 60 + s) * 1_000_000 + micros)
}

/// Microseconds of `YYYY-MM-DD[( |T)time][offset]`. The offset (`Z`, `+HH[:MM]`) is demanded or forbidden by `zoned`.
pub(crate) fn parse_timestamp(text: &str, zoned: bool) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = i64::from(parse_date(date)?);
    let rest = rest.strip_prefix([' ', 'T']).unwrap_or(rest);
    let at = rest.find(['+', '-', 'Z']);
    let (time, offset) = match (zoned, at) {
        (true, Some(at)) => {
            let (time, offset) = rest.split_at_checked(at)?;
            (time, parse_offset(offset)?)
        }
        (false, None) => (rest, 0),
        _ => return None,
    };
    let time = if time.is_empty() { 0 } else { parse_time(time)? };
    Some(days * DAY + time - offset)
}

fn parse_offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = if let Some(rest) = text.strip_prefix('-') { (-1, rest) } else { (1, text.strip_prefix('+')?) };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (h, m) = (number(hours)?, number(minutes)?);
    (h <= 15 && m <= 59).then_some(sign * (h * 60 + m) * 60_000_000)
}

/// `YYYY-MM-DD`.
pub(crate) fn print_date(days: i32) -> String {
    let (y, m, d) = civil_from_days(i64::from(days));
    format!("{y:04}-{m:02}-{d:02}")
}

/// `HH:MM:SS[.ffffff]` without trailing zeros.
pub(crate) fn print_time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let mut out = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
    out
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff][+00]`.
pub(crate) fn print_timestamp(micros: i64, zoned: bool) -> String {
    let days = i32::try_from(micros.div_euclid(DAY)).unwrap_or(0);
    let zone = if zoned { "+00" } else { "" };
    format!("{} {}{zone}", print_date(days), print_time(micros.rem_euclid(DAY)))
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) { None } else { text.parse().ok() }
}

/// 2000-01-01 in days from 1970-01-01.
const EPOCH: i64 = 10_957;

/// Howard Hinnant's `days_from_civil`, from 2000-01-01; `None` for a day that the calendar lacks.
fn days_from_civil(y: i64, m: i64, d: i64) -> Option<i64> {
    if !(1..=9999).contains(&y) || !(1..=12).contains(&m) || d < 1 {
        return None;
    }
    let (shifted, month) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + d - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 - EPOCH;
    (civil_from_days(days) == (y, m, d)).then_some(days)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + EPOCH + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let m = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(m <= 2), m, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_what_the_server_prints() {
        for date in ["2000-01-01", "2024-02-29", "1999-12-31", "0001-01-01", "9999-12-31"] {
            assert_eq!(print_date(parse_date(date).unwrap()), date);
        }
        assert_eq!(parse_date("2000-01-01"), Some(0));
        for bad in ["2023-02-29", "2023-13-01", "23-01-01", "2023-1-1", "2023-01-00", "today"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        for stamp in ["2024-05-06 07:08:09", "1999-12-31 23:59:59.5"] {
            assert_eq!(print_timestamp(parse_timestamp(stamp, false).unwrap(), false), stamp);
        }
        let zoned = parse_timestamp("2024-05-06 07:08:09+02", true).unwrap();
        assert_eq!(print_timestamp(zoned, true), "2024-05-06 05:08:09+00");
        assert_eq!(parse_timestamp("2024-05-06 07:08:09", true), None, "depends on the session's time zone");
    }
}
