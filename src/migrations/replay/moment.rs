//! Times as a server in UTC prints them.

/// A date, or a time with or without its distance from UTC; other spellings stay.
pub(super) fn in_utc(written: &str) -> String {
    read(written).unwrap_or_else(|| written.to_owned())
}

fn read(written: &str) -> Option<String> {
    let text = written.trim().trim_end_matches('Z').replace('T', " ");
    let (date, time) = text.split_once(' ').unwrap_or((&text, "00:00"));
    let sign = time.find(['+', '-']);
    let (clock, zone) = sign.map_or((time, "+00"), |at| time.split_at(at));
    let [year, month, day] = numbers(date, '-')?[..] else { return None };
    let (hour, minute, second) = match numbers(clock.trim(), ':')?[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let ahead = match numbers(zone.get(1..)?, ':')?[..] {
        [hours] => hours * 60,
        [hours, minutes] => hours * 60 + minutes,
        _ => return None,
    };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !valid || ahead > 16 * 60 {
        return None;
    }
    let ahead = if zone.starts_with('-') { -ahead } else { ahead };
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - ahead;
    let (year, month, day) = date_of(minutes.div_euclid(24 * 60));
    let (hour, minute) = (minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60));
    Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}+00"))
}

/// Numbers of digits alone between marks.
fn numbers(text: &str, mark: char) -> Option<Vec<i64>> {
    let one = |part: &str| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    text.split(mark).map(one).collect()
}

/// Days since the first of March of the year 0, months counted from March so that leap days end the year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 1
}

fn date_of(days_since: i64) -> (i64, i64, i64) {
    let mut year = days_since.div_euclid(365);
    while days(year, 3, 1) > days_since {
        year -= 1;
    }
    let rest = days_since - days(year, 3, 1);
    let month = (5 * rest + 2) / 153;
    let day = rest - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::in_utc;

    #[test]
    fn moments_go_to_utc() {
        for (written, printed) in [
            ("2030-01-02", "2030-01-02 00:00:00+00"),
            ("2030-01-02 03:04", "2030-01-02 03:04:00+00"),
            ("2030-01-02T03:04:05Z", "2030-01-02 03:04:05+00"),
            ("2030-01-02 03:04:05+02", "2030-01-02 01:04:05+00"),
            ("2030-01-01 01:00:00+05:30", "2029-12-31 19:30:00+00"),
            ("2028-02-28 23:30:00-01", "2028-02-29 00:30:00+00"),
            ("2100-02-28 23:30:00-01", "2100-03-01 00:30:00+00"),
            ("2000-03-01 00:10:00+01", "2000-02-29 23:10:00+00"),
            ("infinity", "infinity"),
            ("tomorrow", "tomorrow"),
            ("2030-13-02", "2030-13-02"),
            ("", ""),
        ] {
            assert_eq!(in_utc(written), printed, "{written}");
        }
    }
}
