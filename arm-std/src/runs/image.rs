//! Pictures of examples: grids of grey or binary images, written as PNG.

use crate::files::replace_bytes;
use std::io;
use std::path::{Path, PathBuf};

/// A picture that could not be written: which file, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", file.display())]
pub struct ImageError {
    /// The file that was to be written.
    pub file: PathBuf,
    /// What failed.
    pub source: io::Error,
}

/// A grid of images of one size, filled row by row from the left.
///
/// Images are light on dark: a bit 1, a probability 1 and the level 255 are white, as in MNIST. Between them
/// runs a grey gap. Rows of originals above rows of reconstructions are composed by pushing them in that
/// order.
///
/// ```no_run
/// use arm_std::data::stroke_digits;
/// use arm_std::runs::image::{Grid, cell_size};
///
/// let digits = stroke_digits(40, 0);
/// let mut grid = Grid::new(cell_size(digits.cols()), 10);
/// (0..digits.rows()).for_each(|row| grid.push_bits(digits.row(row)));
/// grid.write("digits.png".as_ref())?;
/// # Ok::<(), arm_std::runs::image::ImageError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    height: usize,
    width: usize,
    columns: usize,
    scale: usize,
    gap: usize,
    cells: Vec<u8>,
}

/// A picture as it is written.
#[cfg_attr(test, derive(Debug, PartialEq))]
struct Picture {
    width: u32,
    height: u32,
    /// Row by row.
    pixels: Vec<u8>,
}

/// Pixels that the strips of a heat map may take side by side.
const STRIPS: usize = 560;

/// The grey of gaps and of cells that no image was pushed for.
const GAP: u8 = 64;

impl Grid {
    /// An empty grid of images of `(height, width)` pixels, `columns` in a row (each at least 1). Pixels are
    /// drawn 2 x 2, with gaps of 2.
    pub fn new((height, width): (usize, usize), columns: usize) -> Grid {
        Grid {
            height: height.max(1),
            width: width.max(1),
            columns: columns.max(1),
            scale: 2,
            gap: 2,
            cells: Vec::new(),
        }
    }

    /// A grid for rows of `cols` bits: of pictures, ten in a row, where the rows are likely to be some; else a heat map, in
    /// which every row is a strip of cells, as many strips side by side (one, two, five or ten) as have room.
    pub fn of_rows(cols: usize) -> Grid {
        if is_picture(cols) {
            return Grid::new(cell_size(cols), 10);
        }
        let scale = (STRIPS / cols.max(1)).clamp(1, 8);
        let room = STRIPS / (cols.max(1) * scale);
        let columns = [10, 5, 2].into_iter().find(|&columns| columns <= room).unwrap_or(1);
        Grid::new((1, cols), columns).scale(scale)
    }

    /// The mean of every pixel over the images that were pushed, 0 black and 1 white; nothing without images.
    pub fn means(&self) -> Vec<f64> {
        let area = self.height * self.width;
        let sum = |at: usize| self.cells.iter().skip(at).step_by(area).map(|&v| f64::from(v)).sum::<f64>();
        let count = self.len() as f64;
        if self.is_empty() { vec![] } else { (0..area).map(|at| sum(at) / (255.0 * count)).collect() }
    }

    /// Draws every pixel `scale` x `scale` (at least 1).
    pub fn scale(self, scale: usize) -> Grid {
        Grid { scale: scale.max(1), ..self }
    }

    /// Leaves `gap` pixels of the file around and between images.
    pub fn gap(self, gap: usize) -> Grid {
        Grid { gap, ..self }
    }

    /// Number of images pushed.
    pub fn len(&self) -> usize {
        self.cells.len() / (self.height * self.width)
    }

    /// Whether no image was pushed.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The pixels of an image that was pushed.
    #[cfg(test)]
    pub(crate) fn cell(&self, i: usize) -> &[u8] {
        let area = self.height * self.width;
        &self.cells[i * area..(i + 1) * area]
    }

    /// Adds an image of packed bits, row-major, pixel `i` being bit `i % 32` of word `i / 32`. Pixels beyond
    /// the words are black.
    pub fn push_bits(&mut self, words: &[u32]) {
        let bit = |at: usize| words.get(at / 32).is_some_and(|word| word >> (at % 32) & 1 == 1);
        self.push((0..self.height * self.width).map(|at| if bit(at) { 255 } else { 0 }));
    }

    /// Adds an image of grey levels, row-major. Pixels beyond the levels are black.
    pub fn push_levels(&mut self, levels: &[u8]) {
        self.push(levels.iter().copied());
    }

    /// Adds an image of probabilities (0 black, 1 white; values outside and NaN are clamped), row-major.
    /// Pixels beyond them are black.
    pub fn push_probabilities(&mut self, probabilities: &[f32]) {
        self.push(probabilities.iter().map(|&p| (p * 255.0 + 0.5) as u8));
    }

    fn push(&mut self, pixels: impl Iterator<Item = u8>) {
        let area = self.height * self.width;
        self.cells.extend(pixels.chain(std::iter::repeat(0)).take(area));
    }

    /// Writes the picture as an 8-bit grey PNG: first beside `path` under a temporary name, which is then
    /// renamed, so that `path` never holds half a picture. Missing folders are not made.
    ///
    /// # Errors
    /// [`ImageError`] when the file cannot be written, or the picture has more pixels than a PNG can have.
    pub fn write(&self, path: &Path) -> Result<(), ImageError> {
        let result = self.png().and_then(|png| replace_bytes(path, &png));
        result.map_err(|source| ImageError { file: path.to_owned(), source })
    }

    /// The picture as an 8-bit grey PNG. Errors: more pixels than a PNG can have.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let Picture { width, height, pixels } = self.picture()?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(bytes)
    }

    fn picture(&self) -> io::Result<Picture> {
        let side = |count: usize, length: usize| {
            let step = length.checked_mul(self.scale)?.checked_add(self.gap)?;
            step.checked_mul(count)?.checked_add(self.gap)
        };
        let columns = self.columns.min(self.len()).max(1);
        let rows = self.len().div_ceil(columns).max(1);
        let too_large =
            || io::Error::new(io::ErrorKind::InvalidInput, "the picture is too large; draw fewer images");
        let width = side(columns, self.width).ok_or_else(too_large)?;
        let height = side(rows, self.height).ok_or_else(too_large)?;
        let area = width.checked_mul(height).filter(|&area| area <= 1 << 30).ok_or_else(too_large)?;
        let mut pixels = vec![GAP; area];
        for (index, cell) in self.cells.chunks_exact(self.height * self.width).enumerate() {
            let top = self.gap + index / columns * (self.height * self.scale + self.gap);
            let left = self.gap + index % columns * (self.width * self.scale + self.gap);
            for y in 0..self.height * self.scale {
                let line = &mut pixels[(top + y) * width + left..][..self.width * self.scale];
                let source = &cell[y / self.scale * self.width..][..self.width];
                for (pixels, &level) in line.chunks_exact_mut(self.scale).zip(source) {
                    pixels.fill(level);
                }
            }
        }
        // Both are at most 2^30, the area.
        Ok(Picture { width: width as u32, height: height as u32, pixels })
    }
}

/// Whether rows of `cols` bits are likely to be pictures: squares of 8 x 8 and more. Nothing else tells them from other rows.
pub fn is_picture(cols: usize) -> bool {
    cols >= 64 && cols.isqrt().pow(2) == cols
}

/// The `(height, width)` in which to show an example of `cols` bits: the most square rectangle of exactly
/// that many pixels, lying if it is not a square (28 x 28 for 784, 8 x 14 for 112), and one row for a prime
/// number.
pub fn cell_size(cols: usize) -> (usize, usize) {
    let height = (1..=cols.isqrt()).rev().find(|&height| cols.is_multiple_of(height)).unwrap_or(1);
    (height, cols.max(1) / height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    fn decode(path: &Path) -> Picture {
        let mut reader =
            png::Decoder::new(io::BufReader::new(File::open(path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
        Picture { width: info.width, height: info.height, pixels }
    }

    #[test]
    fn a_grid_has_gaps_around_scaled_images() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.png");
        let mut grid = Grid::new((1, 2), 2).scale(2).gap(1);
        grid.push_bits(&[0b10]);
        grid.push_levels(&[9, 8]);
        grid.push_probabilities(&[0.5, f32::NAN]);
        assert_eq!(grid.len(), 3);
        grid.write(&path).unwrap();
        let g = GAP;
        #[rustfmt::skip]
        let expected = [
            g, g, g, g,     g,   g, g, g, g, g, g,
            g, 0, 0, 255, 255,   g, 9, 9, 8, 8, g,
            g, 0, 0, 255, 255,   g, 9, 9, 8, 8, g,
            g, g, g, g,     g,   g, g, g, g, g, g,
            g, 128, 128, 0, 0,   g, g, g, g, g, g,
            g, 128, 128, 0, 0,   g, g, g, g, g, g,
            g, g, g, g,     g,   g, g, g, g, g, g,
        ];
        assert_eq!(decode(&path), Picture { width: 11, height: 7, pixels: expected.to_vec() });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn few_images_make_a_narrow_grid_and_none_a_gap() {
        let mut grid = Grid::new((2, 2), 10).scale(1).gap(0);
        let picture = grid.clone().gap(3).picture().unwrap();
        assert_eq!(picture, Picture { width: 8, height: 8, pixels: vec![GAP; 64] });
        assert!(grid.is_empty());
        grid.push_levels(&[1, 2, 3, 4, 5]);
        grid.push_levels(&[5]);
        let pixels = vec![1, 2, 5, 0, 3, 4, 0, 0];
        assert_eq!(grid.picture().unwrap(), Picture { width: 4, height: 2, pixels });
    }

    #[test]
    fn errors_name_the_file_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("grid.png");
        let error = Grid::new((1, 1), 1).write(&path).unwrap_err();
        assert!(error.file == path && error.to_string().contains("grid.png: cannot be written"));
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken/file"), "").unwrap();
        assert!(Grid::new((1, 1), 1).write(&folder.path().join("taken")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let huge = Grid::new((1, 1), 1).scale(usize::MAX);
        assert!(huge.write(&path).unwrap_err().to_string().contains("too large"));
    }

    #[test]
    fn rows_that_are_no_pictures_are_strips() {
        assert!([64, 256, 784].into_iter().all(is_picture));
        assert!([0, 1, 12, 16, 36, 63, 112, 180, 560].into_iter().all(|cols| !is_picture(cols)));
        let grid = |cols| {
            let g = Grid::of_rows(cols);
            (g.height, g.width, g.columns, g.scale)
        };
        assert_eq!(grid(784), (28, 28, 10, 2));
        assert_eq!([grid(12), grid(40)], [(1, 12, 5, 8), (1, 40, 1, 8)]);
        assert_eq!([grid(112), grid(9000)], [(1, 112, 1, 5), (1, 9000, 1, 1)]);
        assert_eq!(grid(0), (1, 1, 10, 8));
    }

    #[test]
    fn means_are_of_every_pixel() {
        let mut grid = Grid::of_rows(2);
        assert!(grid.means().is_empty());
        grid.push_levels(&[0, 255]);
        grid.push_levels(&[255, 255]);
        assert_eq!(grid.means(), [0.5, 1.0]);
    }

    #[test]
    fn cells_are_as_square_as_they_can_be() {
        let expected =
            [(784, (28, 28)), (112, (8, 14)), (180, (12, 15)), (69, (3, 23)), (13, (1, 13)), (1, (1, 1))];
        assert!(expected.iter().all(|&(cols, size)| cell_size(cols) == size));
        assert_eq!(cell_size(0), (1, 1));
    }
}
