//! IDX, the format of the original MNIST files: `00 00 type axes`, one big-endian u32 an axis, then the
//! numbers, big-endian, the last axis running fastest.

use super::array::{Array, Element};
use crate::Fault;
use crate::bytes::content::Content;
use crate::columns::Want;
use crate::numbers::Raw;

/// Reads an IDX file of two axes or more. The first counts rows, the others make up a row.
pub(crate) fn read(mut content: Content<'_>, want: &Want) -> Result<Raw, Fault> {
    let [zero, also_zero, element, axes] = content.array()?;
    if [zero, also_zero] != [0, 0] {
        let problem = format!("an IDX file begins with bytes 0 0, this one with {zero} {also_zero}");
        return Err(Fault::Malformed { offset: 0, problem });
    }
    let element = match element {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0B => Element::I16,
        0x0C => Element::I32,
        0x0D => Element::F32,
        0x0E => Element::F64,
        _ => {
            let problem = format!("0x{element:02x} is no IDX number type (images have 0x08)");
            return Err(Fault::Malformed { offset: 2, problem });
        }
    };
    if axes == 1 {
        let what = "an IDX file of one axis (labels?)".to_owned();
        return Err(Fault::Unsupported {
            what,
            remedy: "give the file of images, e.g. train-images-idx3-ubyte",
        });
    }
    let shape = (0..axes)
        .map(|_| Ok(u32::from_be_bytes(content.array()?).into()))
        .collect::<Result<Vec<u64>, Fault>>()?;
    Array { element, big_endian: true, shape: &shape, first_axis_fastest: false }.stream(content, want)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Table;
    use crate::formats::mutate;

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        super::read(Content::of(bytes)?, &Want::default()).and_then(Raw::table)
    }

    /// An IDX file of bytes.
    pub(crate) fn file(shape: &[u32], numbers: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
        bytes.extend(numbers);
        bytes
    }

    #[test]
    fn images_become_rows() {
        let Ok(Table::Grey(table)) = read(&file(&[2, 2, 2], &[0, 10, 20, 30, 40, 50, 60, 255])) else {
            panic!()
        };
        assert_eq!((table.rows(), table.cols(), table.row(1)), (2, 4, &[40, 50, 60, 255][..]));
        assert!(matches!(read(&file(&[2, 2], &[0, 1, 1, 0])), Ok(Table::Bits(_))));
    }

    #[test]
    fn floats_are_big_endian() {
        let mut bytes = vec![0, 0, 0x0D, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        bytes.extend(0.5_f32.to_be_bytes().into_iter().chain(1_f32.to_be_bytes()));
        let Ok(Table::Grey(table)) = read(&bytes) else { panic!() };
        assert_eq!(table.levels(), [128, 255]);
    }

    #[test]
    fn bad_headers_are_refused() {
        let good = file(&[2, 2], &[0, 1, 1, 0]);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            read(&bytes).unwrap_err()
        };
        assert!(matches!(with(0, 1), Fault::Malformed { offset: 0, .. }));
        assert!(matches!(with(2, 7), Fault::Malformed { offset: 2, .. }));
        assert!(matches!(with(3, 1), Fault::Unsupported { .. }));
        assert!(matches!(with(3, 0), Fault::Shape(_)));
        assert!(matches!(with(3, 255), Fault::CutShort { .. }));
        assert!(matches!(with(4, 255), Fault::Length { .. }));
        assert!(matches!(with(7, 0), Fault::NoRows));
        assert!(matches!(read(&good[..15]), Err(Fault::Length { wanted: 4, present: 3 })));
        let huge = file(&[u32::MAX; 255], &[]);
        assert!(matches!(read(&huge), Err(Fault::Length { wanted: u128::MAX, present: 0 })));
    }

    #[test]
    fn mutated_files_never_panic() {
        mutate::survives(&file(&[3, 2, 2], &[0, 1, 1, 0, 200, 3, 1, 1, 0, 0, 1, 255]), read);
    }
}
