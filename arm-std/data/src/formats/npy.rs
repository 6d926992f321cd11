//! NPY, the array format of NumPy: a magic string, a header written as a Python dictionary, then the numbers.
//!
//! The header is read here and not by `npyz` or `ndarray-npy`: they allocate whatever length it states (4 GB
//! from 12 bytes) and multiply the axes unchecked.

use super::array::{Array, Element};
use crate::Fault;
use crate::bytes::Cursor;
use crate::bytes::content::Content;
use crate::columns::Want;
use crate::numbers::Raw;

/// The first bytes of every NPY file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that is read, in bytes: records are refused anyway.
const LONGEST_HEADER: u32 = 1 << 20;

/// Reads an array of two axes or more. The first counts rows, the others make up a row.
pub(crate) fn read(mut content: Content<'_>, want: &Want) -> Result<Raw, Fault> {
    let header = header(&mut content)?;
    let (element, big_endian) = element(&header.descr)?;
    let (shape, first_axis_fastest) = (&header.shape, header.fortran_order);
    Array { element, big_endian, shape, first_axis_fastest }.stream(content, want)
}

/// Whether an array has rows of several columns.
pub(crate) fn is_table(mut content: Content<'_>) -> bool {
    header(&mut content).is_ok_and(|header| header.shape.len() > 1 && header.shape[1..] != [1])
}

fn header(content: &mut Content<'_>) -> Result<Header, Fault> {
    content.take(MAGIC.len())?;
    let [version, _minor] = content.array()?;
    let length = match version {
        1 => u16::from_le_bytes(content.array()?).into(),
        2 | 3 => u32::from_le_bytes(content.array()?),
        _ => {
            let what = format!("NPY version {version}");
            return Err(Fault::Unsupported { what, remedy: "save it again with numpy.save" });
        }
    };
    let start = content.at();
    if length > LONGEST_HEADER {
        let problem = format!("an NPY header of {length} bytes");
        return Err(Fault::Malformed { offset: start, problem });
    }
    let text = &content.take(length as usize)?;
    Dictionary { text, start, cursor: Cursor::new(text, 0) }.header()
}

/// NumPy's name of a number type: byte order, kind, bytes.
fn element(descr: &str) -> Result<(Element, bool), Fault> {
    let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
    let element = match kind {
        "u1" | "b1" => Element::U8,
        "i1" => Element::I8,
        "u2" => Element::U16,
        "i2" => Element::I16,
        "u4" => Element::U32,
        "i4" => Element::I32,
        "u8" => Element::U64,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => return Err(unsupported(format!("an array of type {descr:?}"))),
    };
    match order {
        "<" | "|" => Ok((element, false)),
        ">" => Ok((element, true)),
        _ => Err(unsupported(format!("an array of type {descr:?}"))),
    }
}

fn unsupported(what: String) -> Fault {
    Fault::Unsupported { what, remedy: "save it as uint8, bool, integers or floats of up to 64 bits" }
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

/// The header: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct Dictionary<'a> {
    text: &'a [u8],
    start: usize,
    cursor: Cursor<'a>,
}

impl Dictionary<'_> {
    fn header(mut self) -> Result<Header, Fault> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.accept(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key.as_str() {
                "descr" if self.next_is(b'[') => return Err(unsupported("an array of records".to_owned())),
                "descr" => descr = Some(self.string()?),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => shape = Some(self.axes()?),
                _ => return Err(self.wrong("an entry other than descr, fortran_order and shape")),
            }
            if !self.accept(b',') && !self.next_is(b'}') {
                return Err(self.wrong("no comma between entries"));
            }
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(Header { descr, fortran_order, shape }),
            _ => Err(self.wrong("no descr, fortran_order or shape")),
        }
    }

    fn wrong(&self, problem: &str) -> Fault {
        Fault::Malformed {
            offset: self.start + self.cursor.at(),
            problem: format!("the NPY header has {problem}"),
        }
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let blanks = self.cursor.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.cursor.skip(blanks);
        self.cursor.rest().first() == Some(&byte)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.next_is(byte);
        if found {
            self.cursor.skip(1);
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.accept(byte) { Ok(()) } else { Err(self.wrong(&format!("no {:?} here", char::from(byte)))) }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let quote = if self.accept(b'\'') {
            b'\''
        } else if self.accept(b'"') {
            b'"'
        } else {
            0
        };
        let length = self.cursor.rest().iter().position(|&byte| byte == quote && quote != 0);
        let length = length.ok_or_else(|| self.wrong("no string here"))?;
        let string = String::from_utf8_lossy(self.cursor.take(length)?).into_owned();
        self.cursor.skip(1);
        Ok(string)
    }

    fn word(&mut self, part: impl Fn(&u8) -> bool) -> &[u8] {
        self.next_is(0);
        let start = self.cursor.at();
        let length = self.cursor.rest().iter().take_while(|byte| part(byte)).count();
        self.cursor.skip(length);
        &self.text[start..start + length]
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        match self.word(u8::is_ascii_alphabetic) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            _ => Err(self.wrong("neither True nor False here")),
        }
    }

    fn axes(&mut self) -> Result<Vec<u64>, Fault> {
        let mut axes = Vec::new();
        self.expect(b'(')?;
        while !self.accept(b')') {
            let digits = self.word(u8::is_ascii_digit);
            let axis = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            axes.push(axis.ok_or_else(|| self.wrong("no axis length here"))?);
            if !self.accept(b',') && !self.next_is(b')') {
                return Err(self.wrong("no comma between axes"));
            }
        }
        Ok(axes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Table;
    use crate::formats::mutate;

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        super::read(Content::of(bytes)?, &Want::default()).and_then(Raw::table)
    }

    /// An NPY file, version 1.
    pub(crate) fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
        let mut bytes =
            [MAGIC, &[1, 0], &(header.len() as u16 + 1).to_le_bytes(), header.as_bytes(), b"\n"].concat();
        bytes.extend(numbers);
        bytes
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   ")
    }

    fn levels(file: &[u8]) -> Vec<u8> {
        let Ok(Table::Grey(table)) = read(file) else { panic!("{:?}", read(file)) };
        table.levels().to_vec()
    }

    #[test]
    fn arrays_of_either_order_become_rows() {
        assert_eq!(levels(&file(&header("|u1", "False", "(2, 3)"), &[1, 2, 3, 4, 5, 6])), [1, 2, 3, 4, 5, 6]);
        assert_eq!(levels(&file(&header("|u1", "True", "(2, 3)"), &[1, 4, 2, 5, 3, 6])), [1, 2, 3, 4, 5, 6]);
        assert_eq!(levels(&file(&header(">i2", "False", "(1, 2)"), &[0, 9, 0, 8])), [9, 8]);
        let floats: Vec<u8> = [0.25_f32, 1.0].iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(levels(&file(&header("<f4", "False", "(2,1,1)"), &floats)), [64, 255]);
        let halves: Vec<u8> =
            [0x0000_u16, 0x3800, 0x3c00].iter().flat_map(|half| half.to_le_bytes()).collect();
        assert_eq!(levels(&file(&header("<f2", "False", "(1, 3)"), &halves)), [0, 128, 255]);
        let Ok(Table::Bits(bits)) = read(&file(&header("|b1", "False", "(1, 2)"), &[0, 1])) else { panic!() };
        assert_eq!(bits.words(), [2]);
    }

    #[test]
    fn version_two_has_a_longer_length() {
        let header = header("|u1", "False", "(1, 2)");
        let length = (header.len() as u32).to_le_bytes();
        let file = [MAGIC, &[2, 0], &length, header.as_bytes(), &[7, 8]].concat();
        assert_eq!(levels(&file), [7, 8]);
        let start = |length: u32| read(&[MAGIC, &[2, 0], &length.to_le_bytes()].concat()).unwrap_err();
        assert!(matches!(start(LONGEST_HEADER), Fault::CutShort { .. }));
        assert!(matches!(start(u32::MAX), Fault::Malformed { .. }));
        assert!(matches!(read(&[MAGIC, &[9, 0, 1, 0]].concat()), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn headers_that_are_no_dictionary_are_refused() {
        let good = header("|u1", "False", "(1, 1)");
        for (from, to) in [
            ("{", ""),
            ("}", ""),
            ("'descr'", "'d'"),
            ("'descr': '|u1', ", ""),
            (":", ""),
            ("False", "Maybe"),
            ("(1, 1)", "(1, -1)"),
            ("(1, 1)", "(1; 1)"),
            ("(1, 1)", "(99999999999999999999, 1)"),
            ("(1, 1)", "1"),
            ("'|u1'", "'|u1"),
            ("'|u1'", "7"),
            (", 'shape'", " 'shape'"),
        ] {
            let fault = read(&file(&good.replacen(from, to, 1), &[0])).unwrap_err();
            assert!(matches!(fault, Fault::Malformed { .. }), "{from} as {to}: {fault}");
        }
    }

    #[test]
    fn types_and_shapes_that_are_no_table_are_refused() {
        for descr in ["|O", "<c16", "<U3", "<f16", "", "é", "=u4", "u1"] {
            let fault = read(&file(&header(descr, "False", "(1, 1)"), &[0])).unwrap_err();
            assert!(matches!(fault, Fault::Unsupported { .. }), "{descr}: {fault}");
        }
        let records = header("X", "False", "(1, 1)").replace("'X'", "[('a', '<u1')]");
        assert!(matches!(read(&file(&records, &[0])), Err(Fault::Unsupported { .. })));
        let fault = |shape| read(&file(&header("|u1", "False", shape), &[0; 4])).unwrap_err();
        assert!(matches!(fault("()"), Fault::Shape(_)));
        assert!(matches!(fault("(4,)"), Fault::Shape(_)));
        assert!(matches!(fault("(0, 4)"), Fault::NoRows));
        assert!(matches!(fault("(9223372036854775807, 4)"), Fault::Length { .. }));
        assert!(matches!(fault("(2, 3)"), Fault::Length { wanted: 6, present: 4 }));
    }

    #[test]
    fn mutated_files_never_panic() {
        mutate::survives(
            &file(&header("<i2", "True", "(2, 3)"), &[1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 255, 0]),
            read,
        );
    }
}
