//! The built-in data set: digits written by a pen whose hand trembles. Generated, so nothing is downloaded.
//!
//! The process of one image, with every choice taken from random numbers that depend on the seed and the
//! number of the image alone:
//!
//! 1. One of the ten digits, and one of the two or three ways to write it, a few strokes each given by
//!    points.
//! 2. Every point moves a little (standard deviation 0.055 of half the height of a digit), and the whole
//!    digit bends.
//! 3. An affine map takes the digit to the 28 x 28 grid: a height of 15 to 20 pixels, a width of 0.8 to 1.4
//!    of its natural width, a slant, a rotation (standard deviation 5 degrees) and a shift (1 pixel).
//! 4. A Catmull-Rom curve passes through the points of each stroke. The pen's radius (0.95 to 1.65 pixels)
//!    changes linearly along the stroke, by up to a quarter.
//! 5. A pixel is a one where the pen covers at least half of it, taken as: where its centre is within the
//!    radius.
//!
//! About 0.13 of the bits are ones, as in binarised MNIST. Additions, multiplications, divisions and two
//! functions of `libm` make up the arithmetic: the bits are the same on every machine.

mod glyphs;

use std::path::PathBuf;

use rand_core::Rng;
use rand_xoshiro::Xoshiro128PlusPlus;

use super::splits::row_rng;
use super::{BitTable, Loaded, Table};
use glyphs::DIGITS;

/// Rows and columns of an image.
const SIDE: usize = 28;

/// Straight pieces of a curve between two points.
const PIECES: usize = 6;

/// The built-in data set: 10000 / 2000 / 2000 images of 28 x 28 bits of written digits, always the same.
///
/// See [`stroke_digits`] for what they are. Takes some 0.1 s and 1.6 MB.
pub fn strokes() -> Loaded {
    let split = |rows, seed| Table::Bits(stroke_digits(rows, seed));
    Loaded {
        path: PathBuf::from("strokes"),
        train: split(10_000, 1),
        valid: split(2_000, 2),
        test: split(2_000, 3),
        origins: ["built in"; 3].map(str::to_owned),
        notes: Vec::new(),
    }
}

/// `rows` images of 28 x 28 bits of written digits, 0 to 9 equally often on average, as rows of 784 columns.
///
/// Every digit is a few strokes of a pen, with random wobble of the points, slant, rotation, scale, shift and
/// pen width. About 0.13 of the bits are ones. An image depends on `seed` and its row alone, and is the same
/// on every machine. Costs some 6 microseconds an image.
pub fn stroke_digits(rows: usize, seed: u64) -> BitTable {
    let mut table = BitTable::new(rows, SIDE * SIDE);
    let mut image = [0; SIDE * SIDE];
    for row in 0..rows {
        image.fill(0);
        draw(&mut Hand(row_rng(seed, STROKES, row as u64)), &mut image);
        table.pack_row(row, &image, |pixel| pixel != 0);
    }
    table
}

/// Keeps the random numbers of images apart from those of binarisation, whose epochs are small.
const STROKES: u64 = u64::MAX;

type Point = (f32, f32);

fn draw(hand: &mut Hand, image: &mut [u8; SIDE * SIDE]) {
    let ways = DIGITS[hand.choice(DIGITS.len())];
    let strokes = ways[hand.choice(ways.len())];
    let place = Placement::random(hand);
    let radius = hand.between(0.95, 1.65);
    for stroke in strokes {
        let points: Vec<Point> = stroke.iter().map(|&point| place.map(hand.tremble(point))).collect();
        let (first, last) = (radius * hand.between(0.8, 1.2), radius * hand.between(0.8, 1.2));
        let pieces = (points.len() - 1) * PIECES;
        let mut from = points[0];
        for piece in 1..=pieces {
            let to = catmull_rom(&points, piece);
            let share = piece as f32 / pieces as f32;
            ink(image, from, to, first + (last - first) * share);
            from = to;
        }
    }
}

/// Where a digit lies on the grid.
struct Placement {
    bend: f32,
    x: [f32; 3],
    y: [f32; 3],
}

impl Placement {
    fn random(hand: &mut Hand) -> Placement {
        let height = hand.between(7.5, 10.0);
        let width = height * hand.between(0.8, 1.4);
        let slant = -0.12 + 0.22 * hand.normal();
        let angle = 0.09 * hand.normal();
        let (sin, cos) = (libm::sinf(angle), libm::cosf(angle));
        let middle = (SIDE as f32 - 1.0) / 2.0;
        let (right, down) = (middle + hand.normal(), middle + hand.normal());
        // Slant first, then rotation: x' = cos (x + slant y) - sin y, y' = sin (x + slant y) + cos y.
        let slanted = height * slant;
        Placement {
            bend: 0.05 * hand.normal(),
            x: [cos * width, cos * slanted - sin * height, right],
            y: [sin * width, sin * slanted + cos * height, down],
        }
    }

    fn map(&self, (x, y): Point) -> Point {
        let x = x + self.bend * (1.0 - y * y);
        let row = |[of_x, of_y, shift]: [f32; 3]| of_x * x + of_y * y + shift;
        (row(self.x), row(self.y))
    }
}

/// The point where a piece ends. The curve passes through all points, and through the first and the last with
/// the direction to their neighbours.
fn catmull_rom(points: &[Point], piece: usize) -> Point {
    let span = ((piece - 1) / PIECES).min(points.len() - 2);
    let t = (piece - span * PIECES) as f32 / PIECES as f32;
    let at = |index: usize| points[index.min(points.len() - 1)];
    let (before, from, to, after) = (at(span.saturating_sub(1)), at(span), at(span + 1), at(span + 2));
    let blend = |p0: f32, p1: f32, p2: f32, p3: f32| {
        let (linear, square, cube) =
            (p2 - p0, 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3, 3.0 * (p1 - p2) + p3 - p0);
        p1 + 0.5 * t * (linear + t * (square + t * cube))
    };
    (blend(before.0, from.0, to.0, after.0), blend(before.1, from.1, to.1, after.1))
}

/// Sets the pixels whose centre is within `radius` of the straight piece.
fn ink(image: &mut [u8; SIDE * SIDE], from: Point, to: Point, radius: f32) {
    let range = |a: f32, b: f32| {
        let low = (a.min(b) - radius).max(0.0) as usize;
        low..((a.max(b) + radius + 1.0).max(0.0) as usize).min(SIDE)
    };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).max(1e-12);
    for row in range(from.1, to.1) {
        for column in range(from.0, to.0) {
            let (x, y) = (column as f32 - from.0, row as f32 - from.1);
            let along = ((x * dx + y * dy) / length).clamp(0.0, 1.0);
            let (x, y) = (x - along * dx, y - along * dy);
            if x * x + y * y <= radius * radius {
                image[row * SIDE + column] = 1;
            }
        }
    }
}

/// The source of all jitter.
struct Hand(Xoshiro128PlusPlus);

impl Hand {
    /// A multiple of 2^-24 in [0, 1).
    fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    fn choice(&mut self, count: usize) -> usize {
        ((u64::from(self.0.next_u32()) * count as u64) >> 32) as usize
    }

    /// Nearly normal, of mean 0 and standard deviation 1, and never beyond 3.5: four uniforms, scaled.
    fn normal(&mut self) -> f32 {
        let sum = self.uniform() + self.uniform() + self.uniform() + self.uniform();
        (sum - 2.0) * 1.732_050_8
    }

    fn tremble(&mut self, (x, y): Point) -> Point {
        (x + 0.055 * self.normal(), y + 0.055 * self.normal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ink_is_as_dense_as_in_mnist() {
        let density = stroke_digits(2000, 1).density();
        assert!((0.125..0.14).contains(&density), "{density}");
    }

    #[test]
    fn an_image_depends_on_its_seed_and_row_alone() {
        let (few, many) = (stroke_digits(3, 9), stroke_digits(7, 9));
        assert_eq!(few.words(), &many.words()[..few.words().len()]);
        assert_ne!(few, stroke_digits(3, 10));
    }

    #[test]
    fn the_images_are_the_same_on_every_machine() {
        let table = stroke_digits(200, 1);
        let digest = table.words().iter().fold(0_u64, |digest, &word| {
            (digest.rotate_left(5) ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        assert_eq!(digest, 0xb055_7005_2822_53a8, "{digest:#018x}");
    }

    #[test]
    fn images_differ_and_stay_off_the_border() {
        let table = stroke_digits(500, 4);
        let border = |at: usize| [at / SIDE, at % SIDE].iter().any(|place| [0, SIDE - 1].contains(place));
        let means = table.means();
        let outside: f32 = (0..SIDE * SIDE).filter(|&at| border(at)).map(|at| means[at]).sum();
        assert!(outside < 0.5, "{outside}");
        for row in 0..500 {
            assert!((0..row).all(|other| table.row(other) != table.row(row)));
            let ink: u32 = table.row(row).iter().map(|word| word.count_ones()).sum();
            assert!((25..260).contains(&ink), "row {row}: {ink} pixels");
        }
    }

    #[test]
    fn the_default_set_has_its_sizes() {
        let set = strokes();
        assert_eq!([set.train.rows(), set.valid.rows(), set.test.rows()], [10_000, 2_000, 2_000]);
        assert_eq!(set.test.cols(), 784);
    }
}
