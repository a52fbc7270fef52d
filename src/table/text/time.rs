//! Dates and times in texts: ISO 8601, year first; nothing is guessed of other orders.

use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Timelike;

const DAY: f64 = 86_400.0;

/// What the texts of a column say of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::table) enum TimeKind {
    /// `2026-11-25`, as days since 1970.
    Date,
    /// `2026-11-25T13:10:00Z`, as seconds since 1970; without an offset taken as UTC.
    DateTime,
    /// `13:10:00`, as seconds since midnight.
    TimeOfDay,
}

impl TimeKind {
    const ALL: [Self; 3] = [Self::Date, Self::DateTime, Self::TimeOfDay];

    /// Its name as a type.
    pub(in crate::table) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::TimeOfDay => "time of day",
        }
    }

    /// The kind of this name.
    pub(in crate::table) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A text of this kind as a number; a date among date-times is its midnight.
    pub(in crate::table) fn read(self, text: &str) -> Option<f64> {
        match (self, moment(text.trim())?) {
            (Self::DateTime, (Self::Date, days)) => Some(days * DAY),
            (wanted, (found, number)) => (wanted == found).then_some(number),
        }
    }
}

/// How many of the texts of a column are of each kind.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::table) struct Tally {
    texts: usize,
    of_kind: [usize; 3],
}

impl Tally {
    /// Looks at a text.
    pub(in crate::table) fn add(&mut self, text: &str) {
        self.texts += 1;
        // once a text is none, the column is none
        if self.of_kind.iter().sum::<usize>() + 1 == self.texts
            && let Some((kind, _)) = moment(text.trim())
        {
            self.of_kind[kind as usize] += 1;
        }
    }

    /// What all texts seen are, if there were any and they are of one kind.
    pub(in crate::table) fn kind(self) -> Option<TimeKind> {
        let [dates, date_times, times] = self.of_kind;
        match self.texts {
            0 => None,
            all if all == dates => Some(TimeKind::Date),
            all if all == dates + date_times => Some(TimeKind::DateTime),
            all if all == times => Some(TimeKind::TimeOfDay),
            _ => None,
        }
    }
}

/// A date, a date and time, or a time of day, as days or seconds.
fn moment(text: &str) -> Option<(TimeKind, f64)> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || !(5..=40).contains(&bytes.len()) || !bytes[0].is_ascii_digit() {
        return None;
    }
    if bytes[2] == b':' {
        return Some((TimeKind::TimeOfDay, seconds(text)?));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let days = f64::from(days(date.as_bytes())?);
    if rest.is_empty() {
        return Some((TimeKind::Date, days));
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = match clock.find(['Z', 'z', '+', '-']) {
        Some(at) => (clock[..at].trim_end(), offset(&clock[at..])?),
        None => (clock, 0.0),
    };
    Some((TimeKind::DateTime, days * DAY + seconds(clock)? - offset))
}

/// `YYYY-MM-DD` or `YYYY/MM/DD` as days since 1970.
fn days(text: &[u8]) -> Option<i32> {
    let number = |range: std::ops::Range<usize>| {
        let digits = &text[range];
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    };
    if text[4] != text[7] || !matches!(text[4], b'-' | b'/') {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    i32::try_from((date - NaiveDate::default()).num_days()).ok()
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff` as seconds since midnight.
fn seconds(text: &str) -> Option<f64> {
    if text.as_bytes().get(2) != Some(&b':') || text.len() < 5 {
        return None;
    }
    let format = if text.len() == 5 { "%H:%M" } else { "%H:%M:%S%.f" };
    let time = NaiveTime::parse_from_str(text, format).ok()?;
    Some(f64::from(time.num_seconds_from_midnight()) + f64::from(time.nanosecond()) * 1e-9)
}

/// `Z`, `+HH`, `+HHMM` or `+HH:MM` as seconds.
fn offset(text: &str) -> Option<f64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0.0),
        ("+", digits) => (1.0, digits.replacen(':', "", 1)),
        ("-", digits) => (-1.0, digits.replacen(':', "", 1)),
        _ => return None,
    };
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: f64 = digits[..2].parse().ok()?;
    let minutes: f64 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0.0 };
    (hours < 24.0 && minutes < 60.0).then_some(sign * (hours * 3600.0 + minutes * 60.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `datetime.fromisoformat(text).timestamp()`, `date.toordinal() - 719163`.
    #[test]
    fn texts_of_time_are_days_and_seconds() {
        for (text, kind, number) in [
            ("1970-01-01", TimeKind::Date, 0.0),
            ("2026-11-25", TimeKind::Date, 20782.0),
            ("1969/12/31", TimeKind::Date, -1.0),
            ("2026-11-25T13:10:00Z", TimeKind::DateTime, 1_795_612_200.0),
            ("2026-11-25 13:10", TimeKind::DateTime, 1_795_612_200.0),
            ("2026-11-25T15:10:00.5+02:00", TimeKind::DateTime, 1_795_612_200.5),
            ("2026-11-25T08:10:00-0500", TimeKind::DateTime, 1_795_612_200.0),
            ("13:10", TimeKind::TimeOfDay, 47_400.0),
            ("13:10:30.25", TimeKind::TimeOfDay, 47_430.25),
        ] {
            assert_eq!(kind.read(text), Some(number), "{text}");
        }
        assert_eq!(TimeKind::DateTime.read("1970-01-02"), Some(86_400.0));
    }

    #[test]
    fn what_could_be_meant_otherwise_is_no_date() {
        for text in [
            "",
            "2026",
            "25.11.2026",
            "11/25/2026",
            "2026-13-01",
            "2026-02-30",
            "20261125",
            "2026-11",
            "x",
            "25:00",
            "1:30",
            "2026-11-25T",
            "2026-11-25T25:00",
            "2026-11-25x",
            "2026-11-25T13:10+99",
            "12:3x",
            "日本日本日本日本",
        ] {
            assert!(moment(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_column_is_of_times_only_if_all_its_texts_are() {
        let kind = |texts: &[&str]| {
            let mut tally = Tally::default();
            texts.iter().for_each(|text| tally.add(text));
            tally.kind()
        };
        assert_eq!(kind(&["2020-01-01", "2020-01-02T10:00"]), Some(TimeKind::DateTime));
        assert_eq!(kind(&["10:00", "2020-01-02"]), None);
        assert_eq!(kind(&["2020-01-01", "soon", "2020-01-02"]), None);
        assert_eq!(kind(&[]), None);
    }
}
