//! Draws lines on logarithmic axes, as SVG.

use std::fmt::Write as _;

use crate::format::{time, whole};

/// The colours of Okabe and Ito, which most eyes can distinguish, some darker for text, and two
/// more for the largest table. Rows that are not peers are grey.
pub const COLOURS: [&str; 9] = [
    "#0072b2", "#d55e00", "#00805d", "#b0508a", "#8a6d00", "#2a8fc7", "#7f3c8d", "#a6192e",
    "#5f7d1f",
];

const FRAME: (f64, f64, f64, f64) = (78.0, 64.0, 470.0, 330.0);
const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 460.0;
const FONT: &str = "system-ui, 'Segoe UI', 'DejaVu Sans', 'Liberation Sans', sans-serif";

/// One line.
pub struct Line {
    pub name: String,
    pub colour: &'static str,
    pub dashed: bool,
    pub thick: bool,
    /// Bytes and nanoseconds, by rising bytes.
    pub points: Vec<(f64, f64)>,
}

pub struct Plot {
    pub title: String,
    pub what: String,
    pub lines: Vec<Line>,
}

/// A scale from values to pixels.
struct Scale {
    from: f64,
    to: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn at(&self, value: f64) -> f64 {
        let share = (value / self.from).ln() / (self.to / self.from).ln();
        self.low + share * (self.high - self.low)
    }

    /// Returns 1, 2 and 5 times each power of ten in the range.
    fn ticks(&self) -> Vec<f64> {
        let powers = -3..=12;
        let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        all.filter(|tick| (self.from * 0.999..=self.to * 1.001).contains(tick))
            .collect()
    }
}

impl Plot {
    pub fn svg(&self) -> String {
        let (left, top, width, height) = FRAME;
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let extent = |of: fn(&(f64, f64)) -> f64| {
            all()
                .map(of)
                .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), value| {
                    (least.min(value), most.max(value))
                })
        };
        let (narrow, wide) = extent(|point| point.0);
        let (low, high) = extent(|point| point.1);
        let x = Scale {
            from: narrow / 1.12,
            to: wide * 1.12,
            low: left,
            high: left + width,
        };
        let y = Scale {
            from: low / 1.25,
            to: high * 1.25,
            low: top + height,
            high: top,
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             role=\"img\" font-family=\"{FONT}\" font-size=\"13\" fill=\"#222\">\n<title>{}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n",
            escape(&self.title)
        );
        text(
            &mut svg,
            (16.0, 27.0),
            "font-size=\"17\" font-weight=\"600\"",
            &self.title,
        );
        text(&mut svg, (16.0, 47.0), "fill=\"#555\"", &self.what);
        self.axes(&mut svg, &x, &y);
        for line in &self.lines {
            draw(&mut svg, line, &x, &y);
        }
        self.names(&mut svg, &y, left + width);
        svg + "</svg>\n"
    }

    fn axes(&self, svg: &mut String, x: &Scale, y: &Scale) {
        let (left, top, width, height) = FRAME;
        for tick in y.ticks() {
            let at = y.at(tick);
            rule(svg, (left, at), (left + width, at), "#e3e3e3");
            text(
                svg,
                (left - 8.0, at + 4.5),
                "text-anchor=\"end\"",
                &round(tick),
            );
        }
        // The ticks are the measured sizes, not round numbers.
        let mut sizes: Vec<f64> = self
            .lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| point.0)
            .collect();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        for size in sizes {
            let at = x.at(size);
            rule(svg, (at, top), (at, top + height), "#e3e3e3");
            let label = format!("{} B", whole(size));
            text(
                svg,
                (at, top + height + 20.0),
                "text-anchor=\"middle\"",
                &label,
            );
        }
        let middle = (left + width / 2.0, top + height + 44.0);
        text(
            svg,
            middle,
            "text-anchor=\"middle\" fill=\"#555\"",
            "JSON in the session (logarithmic, as is the time)",
        );
        rule(
            svg,
            (left, top + height),
            (left + width, top + height),
            "#888",
        );
        rule(svg, (left, top), (left, top + height), "#888");
    }

    /// Draws each line's name beside its end, as near as the other names allow.
    fn names(&self, svg: &mut String, y: &Scale, right: f64) {
        let mut ends: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| Some((y.at(line.points.last()?.1), line)))
            .collect();
        ends.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let wanted: Vec<f64> = ends.iter().map(|(at, _)| *at).collect();
        for ((end, line), at) in ends
            .iter()
            .zip(apart(&wanted, 19.0, (FRAME.1, FRAME.1 + FRAME.3)))
        {
            let colour = line.colour;
            let _ = writeln!(
                svg,
                "<polyline points=\"{:.1},{end:.1} {:.1},{at:.1} {:.1},{at:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-opacity=\"0.5\"/>",
                right + 3.0,
                right + 16.0,
                right + 21.0,
            );
            let weight = if line.thick { 700 } else { 400 };
            let style = format!("fill=\"{colour}\" font-weight=\"{weight}\"");
            text(svg, (right + 25.0, at + 4.5), &style, &line.name);
        }
    }
}

/// Returns positions in the given order, inside the range, with this minimum distance, near their
/// targets.
fn apart(wanted: &[f64], distance: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut places = wanted.to_vec();
    for _ in 0..200 {
        for at in 1..places.len() {
            let missing = distance - (places[at] - places[at - 1]);
            if missing > 0.0 {
                places[at - 1] -= missing / 2.0;
                places[at] += missing / 2.0;
            }
        }
        if let Some(first) = places.first_mut() {
            *first = first.max(low);
        }
        if let Some(last) = places.last_mut() {
            *last = last.min(high);
        }
    }
    places
}

fn draw(svg: &mut String, line: &Line, x: &Scale, y: &Scale) {
    let Line {
        colour,
        points,
        dashed,
        thick,
        ..
    } = line;
    let places: Vec<_> = points
        .iter()
        .map(|(size, time)| (x.at(*size), y.at(*time)))
        .collect();
    let joined: Vec<_> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let width = if *thick { 3.5 } else { 2.0 };
    let dash = if *dashed {
        " stroke-dasharray=\"6 4\""
    } else {
        ""
    };
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}/>",
        joined.join(" ")
    );
    for ((left, top), (size, taken)) in places.iter().zip(points) {
        let label = escape(&format!(
            "{}, {} B: {}",
            line.name,
            whole(*size),
            time(*taken)
        ));
        let _ = writeln!(
            svg,
            "<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"{}\" fill=\"{colour}\" stroke=\"#fff\"><title>{label}</title></circle>",
            width + 1.0
        );
    }
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>",
        escape(text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// Formats 200 ns or 5 µs: a round number without trailing zeros.
fn round(nanoseconds: f64) -> String {
    time(nanoseconds).replace(".00", "").replace(".0", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_logarithmic() {
        let scale = Scale {
            from: 10.0,
            to: 1000.0,
            low: 0.0,
            high: 100.0,
        };
        assert_eq!(
            [10.0, 100.0, 1000.0].map(|value| scale.at(value).round()),
            [0.0, 50.0, 100.0]
        );
        let ticks: Vec<_> = scale.ticks().into_iter().map(round).collect();
        assert_eq!(
            ticks,
            [
                "10 ns", "20 ns", "50 ns", "100 ns", "200 ns", "500 ns", "1 µs"
            ]
        );
    }

    #[test]
    fn names_make_room_for_each_other() {
        let places = apart(&[10.0, 11.0, 12.0, 200.0], 20.0, (0.0, 200.0));
        assert!(
            places.windows(2).all(|pair| pair[1] - pair[0] > 19.0),
            "{places:?}"
        );
        assert!(places[0] > -1.0 && places[3] > 199.0, "{places:?}");
    }

    #[test]
    fn a_plot_is_well_formed() {
        let points = vec![(50.0, 200.0), (2900.0, 5000.0)];
        let line = Line {
            name: "a < b".into(),
            colour: COLOURS[0],
            dashed: true,
            thick: false,
            points,
        };
        let svg = Plot {
            title: "x & y".into(),
            what: "ns".into(),
            lines: vec![line],
        }
        .svg();
        assert!(svg.contains("x &amp; y") && svg.contains("a &lt; b") && !svg.contains("NaN"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
