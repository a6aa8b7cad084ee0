//! `strftime` for chat templates that tell the model today's date. Times are UTC: the crate knows no time zones.

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SECONDS_PER_DAY: u64 = 86_400;

struct DateTime {
    year: u64,
    /// 1 to 12.
    month: usize,
    /// 1 to 31.
    day: u64,
    /// 1 to 366.
    day_of_year: u64,
    /// 0 is Sunday.
    weekday: usize,
    hour: u64,
    minute: u64,
    second: u64,
}

/// The time `unix_seconds` after 1970 in Python's `strftime` notation. Directives that aren't known stay as they are.
pub(crate) fn format(unix_seconds: u64, pattern: &str) -> String {
    let time = date_time(unix_seconds);
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        let rest = chars.as_str();
        let unpadded = rest.starts_with('-');
        let Some(directive) = rest[usize::from(unpadded)..].chars().next() else {
            out.push('%');
            continue;
        };
        match directive_text(&time, directive) {
            Some(text) if unpadded => {
                let trimmed = text.trim_start_matches('0');
                out.push_str(if trimmed.is_empty() { "0" } else { trimmed });
            }
            Some(text) => out.push_str(&text),
            None => {
                out.push('%');
                continue;
            }
        }
        chars = rest[usize::from(unpadded) + directive.len_utf8()..].chars();
    }
    out
}

fn directive_text(time: &DateTime, directive: char) -> Option<String> {
    let (weekday, month) = (WEEKDAYS[time.weekday], MONTHS[time.month - 1]);
    let hour_of_12 = (time.hour + 11) % 12 + 1;
    Some(match directive {
        'Y' => time.year.to_string(),
        'y' => format!("{:02}", time.year % 100),
        'm' => format!("{:02}", time.month),
        'd' => format!("{:02}", time.day),
        'j' => format!("{:03}", time.day_of_year),
        'B' => month.to_owned(),
        'b' | 'h' => month[..3].to_owned(),
        'A' => weekday.to_owned(),
        'a' => weekday[..3].to_owned(),
        'H' => format!("{:02}", time.hour),
        'I' => format!("{hour_of_12:02}"),
        'M' => format!("{:02}", time.minute),
        'S' => format!("{:02}", time.second),
        'p' => if time.hour < 12 { "AM" } else { "PM" }.to_owned(),
        'Z' => "UTC".to_owned(),
        'z' => "+0000".to_owned(),
        'F' => format!("{}-{:02}-{:02}", time.year, time.month, time.day),
        'T' => format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second),
        '%' => "%".to_owned(),
        _ => return None,
    })
}

fn date_time(unix_seconds: u64) -> DateTime {
    let (days, in_day) = (unix_seconds / SECONDS_PER_DAY, unix_seconds % SECONDS_PER_DAY);
    let (mut year, mut day_of_year) = (1970, days);
    // 400 Gregorian years have a fixed number of days, so the loop below is short for any input.
    year += day_of_year / 146_097 * 400;
    day_of_year %= 146_097;
    while day_of_year >= days_in_year(year) {
        day_of_year -= days_in_year(year);
        year += 1;
    }
    let february = 28 + u64::from(days_in_year(year) == 366);
    let (mut month, mut day) = (1, day_of_year);
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    DateTime {
        year,
        month,
        day: day + 1,
        day_of_year: day_of_year + 1,
        // 1 January 1970 was a Thursday.
        weekday: ((days + 4) % 7) as usize,
        hour: in_day / 3_600,
        minute: in_day / 60 % 60,
        second: in_day % 60,
    }
}

fn days_in_year(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(leap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        let all = "%A %a %d %B %b %Y %y %m %j %H:%M:%S %I %p";
        assert_eq!(
            format(0, all),
            "Thursday Thu 01 January Jan 1970 70 01 001 00:00:00 12 AM"
        );
        let leap_day = 1_709_211_907;
        assert_eq!(
            format(leap_day, all),
            "Thursday Thu 29 February Feb 2024 24 02 060 13:05:07 01 PM"
        );
        assert_eq!(format(4_107_542_399, "%F %T"), "2100-02-28 23:59:59");
        assert_eq!(format(4_107_542_400, "%-d %-m %-I, 100%% %Q %"), "1 3 12, 100% %Q %");
    }

    #[test]
    fn any_time_is_a_date() {
        assert!(format(u64::MAX, "%F").ends_with(char::is_numeric));
    }
}
