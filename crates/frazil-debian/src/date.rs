//! Dates in UTC: as in mail (RFC 5322), which is how the archive writes them, and as the names of its
//! snapshots have them.

#[cfg(test)]
mod tests;

use std::fmt;

const DAY_SECONDS: u64 = 24 * 60 * 60;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A point in time, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u64);

/// Reads `Sat, 12 Sep 2026 09:50:11 UTC`; the day of the week is not looked at.
pub fn parse_date(text: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day: u64 = number(words.next()?)?;
    let name = words.next()?;
    let month = (1..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let year = number(words.next()?)?;
    let mut clock = words.next()?.split(':');
    let (hour, minute, second) = (number(clock.next()?)?, number(clock.next()?)?, clock.next()?);
    let second = number(second)?;
    let is_utc = matches!(words.next()?, "UTC" | "GMT" | "Z" | "+0000");
    let in_range = (1970..10_000).contains(&year)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    (is_utc && in_range && words.next().is_none() && clock.next().is_none())
        .then(|| Date(days_to(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second))
}

impl Date {
    /// Reads `20260912T095011Z`, or a day, `2026-09-12` or `20260912`, which stands for its
    /// beginning.
    pub fn parse_stamp(text: &str) -> Option<Self> {
        let (day, clock) = text.split_once('T').unwrap_or((text, "000000Z"));
        let day = day.replace('-', "");
        let clock = clock.strip_suffix('Z')?;
        let part = |text: &str, from: usize, digits: usize| number(text.get(from..from + digits)?);
        let (year, month, day_of_month) = (part(&day, 0, 4)?, part(&day, 4, 2)?, part(&day, 6, 2)?);
        let (hour, minute, second) = (part(clock, 0, 2)?, part(clock, 2, 2)?, part(clock, 4, 2)?);
        ((1970..10_000).contains(&year) && (1..=12).contains(&month)).then_some(())?;
        let days = days_to(year, month, day_of_month.clamp(1, 31));
        let date = Self(days * DAY_SECONDS + hour * 3600 + minute * 60 + second);
        // A day or an hour that there is not comes out as another one.
        (date.stamp() == format!("{day}T{clock}Z")).then_some(date)
    }

    /// The date as the names of snapshots have it: `20260912T095011Z`.
    pub fn stamp(self) -> String {
        let shown = self.to_string();
        let digits = |text: &str| text.replace(['-', ':'], "");
        let (day, clock) = shown.split_once(' ').unwrap_or_default();
        format!("{}T{}Z", digits(day), digits(clock.trim_end_matches(" UTC")))
    }
}

fn number(text: &str) -> Option<u64> {
    (text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Days from 1970 on. Years begin in March here, so that the leap day is the last of its year.
fn days_to(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // The 719 468 days from March 1 of the year 0 to 1970.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0 / DAY_SECONDS, self.0 % DAY_SECONDS);
        let (mut year, mut left) = (1970, days);
        while left >= year_days(year) && year < 10_000 {
            left -= year_days(year);
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_to(year, month + 1, 1) <= days {
            month += 1;
        }
        let day = days - days_to(year, month, 1) + 1;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(out, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

const fn year_days(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if is_leap { 366 } else { 365 }
}
