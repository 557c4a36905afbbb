//! A frame with two logarithmic axes, into which curves and points are drawn.

use super::escape::escape;
use super::scale::Scale;
use crate::figure::size;
use std::fmt::Write;

/// Room for the numbers on the left, and below.
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 12.0;
/// A line of the legend.
const LEGEND: f64 = 16.0;
/// Colours of the style sheet.
const COLOURS: usize = 8;

/// A plot that is being drawn.
pub(super) struct Plot {
    out: String,
    width: f64,
    height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

/// How something is drawn: its colour and the shape of its points follow from a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) number: usize,
    /// Dashed.
    pub(super) peer: bool,
}

impl Pen {
    const fn colour(self) -> usize {
        self.number % COLOURS
    }
}

impl Plot {
    /// A frame of that size with room for all these points and numbers along both axes.
    pub(super) fn new(
        [width, height]: [f64; 2],
        points: &[(f64, f64)],
        [x_axis, y_axis]: [&str; 2],
        class: &str,
        title: &str,
    ) -> Self {
        let x = Scale::over(points.iter().map(|(x, _)| *x), LEFT, width - RIGHT);
        let y = Scale::over(points.iter().map(|(_, y)| *y), height - BOTTOM, TOP);
        let mut plot = Self {
            out: String::new(),
            width,
            height,
            x,
            y,
        };
        let _ = writeln!(
            plot.out,
            "<svg class=\"{class}\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} HEIGHT\">",
            escape(title)
        );
        plot.axes(x_axis, y_axis);
        plot
    }

    fn axes(&mut self, x_axis: &str, y_axis: &str) {
        let (right, bottom) = (self.width - RIGHT, self.height - BOTTOM);
        for tick in self.x.ticks() {
            let x = self.x.place(tick);
            let text = size(tick);
            let _ = writeln!(
                self.out,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>",
                bottom + 14.0
            );
        }
        for tick in self.y.ticks() {
            let y = self.y.place(tick);
            let text = size(tick);
            let _ = writeln!(
                self.out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
                LEFT - 5.0,
                y + 4.0
            );
        }
        let _ = writeln!(
            self.out,
            "<rect class=\"frame\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{}\"/>\
             <text text-anchor=\"end\" x=\"{right}\" y=\"{:.1}\">{}</text>\
             <text text-anchor=\"middle\" transform=\"translate(11 {:.1}) rotate(-90)\">{}</text>",
            right - LEFT,
            bottom - TOP,
            bottom + 30.0,
            escape(x_axis),
            (TOP + bottom) / 2.0,
            escape(y_axis)
        );
    }

    /// A line through points, without marks.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let places: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", self.x.place(*x), self.y.place(*y)))
            .collect();
        let _ = writeln!(
            self.out,
            "<polyline class=\"{class}\" points=\"{}\"/>",
            places.join(" ")
        );
    }

    /// A curve with a mark at each point, which says `title` to whoever points at it.
    pub(super) fn curve(&mut self, pen: Pen, points: &[(f64, f64)], title: impl Fn(f64, f64) -> String) {
        let peer = if pen.peer { " peer" } else { "" };
        self.line(&format!("curve k{}{peer}", pen.colour()), points);
        for &(x, y) in points {
            self.mark(pen, (x, y), &title(x, y));
        }
    }

    /// A mark.
    pub(super) fn mark(&mut self, pen: Pen, (x, y): (f64, f64), title: &str) {
        let shape = shape(pen, self.x.place(x), self.y.place(y));
        let title = escape(title);
        let _ = writeln!(
            self.out,
            "<g class=\"f{}\">{shape}<title>{title}</title></g>",
            pen.colour()
        );
    }

    /// Text beside a point.
    pub(super) fn label(&mut self, (x, y): (f64, f64), text: &str) {
        let (x, y) = (self.x.place(x) + 5.0, self.y.place(y) - 4.0);
        let _ = writeln!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escape(text)
        );
    }

    /// The drawing, with a legend below it.
    pub(super) fn finish(mut self, legend: &[(Pen, String)]) -> String {
        for (row, (pen, text)) in legend.iter().enumerate() {
            let y = LEGEND.mul_add(row as f64, self.height + 4.0);
            let peer = if pen.peer { " peer" } else { "" };
            let _ = writeln!(
                self.out,
                "<line class=\"curve k{colour}{peer}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <g class=\"f{colour}\">{}</g><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT + 26.0,
                shape(*pen, LEFT + 13.0, y),
                LEFT + 34.0,
                y + 4.0,
                escape(text),
                colour = pen.colour()
            );
        }
        let height = LEGEND.mul_add(legend.len() as f64, self.height);
        self.out.push_str("</svg>\n");
        self.out.replacen("HEIGHT", &format!("{height:.0}"), 1)
    }
}

/// A mark of its own for each pen, so that they can be told apart without colours.
fn shape(pen: Pen, x: f64, y: f64) -> String {
    const R: f64 = 3.4;
    let (left, right, top, bottom) = (x - R, x + R, y - R, y + R);
    match pen.number % 4 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{R}\"/>"),
        1 => format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{0}\" height=\"{0}\"/>",
            2.0 * R
        ),
        2 => format!("<polygon points=\"{x:.1},{top:.1} {right:.1},{bottom:.1} {left:.1},{bottom:.1}\"/>"),
        _ => format!(
            "<polygon points=\"{x:.1},{top:.1} {right:.1},{y:.1} {x:.1},{bottom:.1} {left:.1},{y:.1}\"/>"
        ),
    }
}
