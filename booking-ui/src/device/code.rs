//! A link as a QR code: squares for a page, blocks for a terminal.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Light squares around the code, which readers need (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Squares of a side.
    side: usize,
    /// Whether each is dark, row by row.
    dark: Vec<bool>,
}

impl Code {
    /// The code of `text`; `None` if it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let dark = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
        Some(Self { side: code.width(), dark })
    }

    /// Squares of a side, with the light ones around.
    pub const fn side(&self) -> usize {
        self.side + 2 * QUIET
    }

    /// Whether the square is dark; those around the code are light.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let within = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.side);
        match (within(x), within(y)) {
            (Some(x), Some(y)) => self.dark.get(y * self.side + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// The dark squares as the path of an SVG whose view box is a square of [`Self::side`].
    pub fn path(&self) -> String {
        let mut path = String::new();
        for y in 0..self.side() {
            let mut x = 0;
            while x < self.side() {
                let run = (x..self.side()).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        path
    }

    /// Lines for a terminal, two rows of squares in each; what is light is drawn, as on a dark ground.
    pub fn lines(&self) -> Vec<String> {
        let row = |y: usize| {
            (0..self.side())
                .map(|x| match (self.is_dark(x, y), y + 1 >= self.side() || self.is_dark(x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                })
                .collect()
        };
        (0..self.side()).step_by(2).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "caldavs://ada:Gh3k2.s8d-_.xYz12.Q0w@cal.example.org/dav/";

    /// Reads it as a camera would, each square eight points wide.
    fn seen(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
        let points = side * 8;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(points, points, |x, y| {
            if is_dark(x / 8, y / 8) { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code is seen");
        grids[0].decode().expect("it can be read").1
    }

    #[test]
    fn another_program_reads_the_link() {
        let code = Code::of(LINK).unwrap();
        assert_eq!(seen(code.side(), |x, y| code.is_dark(x, y)), LINK);
    }

    #[test]
    fn what_the_terminal_shows_is_the_same() {
        let code = Code::of(LINK).unwrap();
        let lines: Vec<Vec<char>> = code.lines().iter().map(|line| line.chars().collect()).collect();
        let is_dark = |x: usize, y: usize| match lines[y / 2][x] {
            '█' => false,
            '▀' => !y.is_multiple_of(2),
            '▄' => y.is_multiple_of(2),
            _ => true,
        };
        assert_eq!(seen(code.side(), is_dark), LINK);
    }

    #[test]
    fn what_the_page_draws_is_the_same() {
        let code = Code::of(LINK).unwrap();
        let mut drawn = std::collections::BTreeSet::new();
        for run in code.path().split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let length = rest.split_once('v').unwrap().0.parse::<usize>().unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            drawn.extend((x..x + length).map(|x| (x, y)));
        }
        assert_eq!(seen(code.side(), |x, y| drawn.contains(&(x, y))), LINK);
        assert_eq!(Code::of(&"a".repeat(10_000)), None);
    }
}
