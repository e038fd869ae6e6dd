//! Formats numbers for readers: three digits, and a unit that fits.

/// 12.3 µs.
pub fn time(nanoseconds: f64) -> String {
    let size = nanoseconds.abs();
    let (value, unit) = match size {
        ..999.5 => return format!("{} ns", whole(nanoseconds)),
        ..999_500.0 => (nanoseconds / 1e3, "µs"),
        ..999_500_000.0 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// 1.23, 12.3, 1,234.
pub fn ratio(value: f64) -> String {
    if value.abs() < 9.995 {
        format!("{value:.2}")
    } else {
        digits(value)
    }
}

/// Formats two numbers, or one if both look alike.
pub fn range(least: f64, most: f64, format: fn(f64) -> String) -> String {
    let (least, most) = (format(least), format(most));
    if least == most {
        least
    } else {
        format!("{least} to {most}")
    }
}

/// Formats a share of one.
pub fn percent(share: f64) -> String {
    format!("{} %", whole(share * 100.0))
}

fn digits(value: f64) -> String {
    match value.abs() {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => whole(value),
    }
}

/// 1,234.
pub fn whole(value: f64) -> String {
    let text = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (text.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let negative = value < 0.0 && text != "0";
    format!("{}{grouped}", if negative { "−" } else { "" })
}

/// Formats a table in Markdown. The first column has names, all others have numbers.
pub fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<_> = (0..heads.len())
        .map(|at| if at == 0 { "---" } else { "--:" }.to_owned())
        .collect();
    let rows = rows.iter().map(|row| line(row));
    [line(heads), line(&rule)].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let cases = [
            (0.4, "0 ns"),
            (-0.4, "0 ns"),
            (-12.0, "−12 ns"),
            (321.4, "321 ns"),
            (999.6, "1.00 µs"),
            (12_340.0, "12.3 µs"),
            (-123_400.0, "−123 µs"),
            (999_600.0, "1.00 ms"),
            (2.5e9, "2.50 s"),
            (12_345e9, "12,345 s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(time(nanoseconds), text);
        }
    }

    #[test]
    fn ratios() {
        let cases = [
            (0.349, "0.35"),
            (1.0, "1.00"),
            (9.996, "10.0"),
            (99.96, "100"),
            (1234.5, "1,234"),
            (-0.5, "-0.50"),
        ];
        for (value, text) in cases {
            assert_eq!(ratio(value), text);
        }
        assert_eq!(range(1.001, 1.004, ratio), "1.00");
        assert_eq!(range(1.0, 1.25, ratio), "1.00 to 1.25");
        assert_eq!(percent(0.051), "5 %");
        assert_eq!(whole(1_234_567.0), "1,234,567");
    }

    #[test]
    fn tables() {
        let cells = |cells: [&str; 2]| cells.map(str::to_owned);
        let table = table(&cells(["", "50 B"]), &[cells(["ours", "1.20"]).to_vec()]);
        assert_eq!(table, "|  | 50 B |\n| --- | --: |\n| ours | 1.20 |\n");
    }
}
