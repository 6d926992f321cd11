//! Parameters in NOR flash, in two slots: whenever power is lost, one of them loads.
//!
//! A slot is one block of [`PIECE`] bytes (`SBNR`, sequence number, number of bytes, CRC-32 of these, little-endian) and
//! the bytes of [`codec`]. [`Record::save`] erases the slot that is not the newest, writes the bytes, reads
//! them back, and writes the block last: before that the slot does not count, after that it is the newest.
//!
//! What is relied on is what [`embedded_storage`] promises: after a power loss the words being written and the pages
//! being erased hold anything, all others what they held.

#[cfg(test)]
mod tests;

use crate::error::Error;
use crate::numeric::window::{window, window_mut};
use crate::shape::Shape;
use crate::storage::codec::{self, CRC, PIECE, Source, Stored};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

const MAGIC: u32 = u32::from_le_bytes(*b"SBNR");

/// Why a record was not saved or loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault<E> {
    /// The driver of the flash said so.
    Flash(E),
    /// We said so.
    Model(Error),
}

impl<E> From<Error> for Fault<E> {
    fn from(error: Error) -> Self {
        Fault::Model(error)
    }
}

/// Two slots in a flash.
///
/// `WRITE_SIZE` and `READ_SIZE` of the flash must divide [`PIECE`] (checked at compile time). Stack: about 500 bytes on a Cortex-M;
/// nothing of the size of the parameters is ever held.
#[derive(Debug)]
pub struct Record<F> {
    flash: F,
    start: u32,
    slot: u32,
}

/// What is known of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Loads {
        sequence: u32,
    },
    Broken,
    /// The driver could not read it: better kept than a broken one.
    Unreadable,
}

impl<F: NorFlash> Record<F> {
    const SIZES_FIT: () = assert!(
        PIECE.is_multiple_of(F::WRITE_SIZE) && PIECE.is_multiple_of(F::READ_SIZE),
        "the flash's WRITE_SIZE and READ_SIZE must divide 64 bytes"
    );

    /// The bytes of flash that one slot takes for `shape`: whole pages.
    pub const fn slot_size(shape: &Shape<'_>) -> usize {
        Self::slot_size_of::<f32>(shape)
    }

    /// [`slot_size`](Self::slot_size) for other parameters: those of an [integer](crate::kernels::Integer) learner are `i16`.
    pub const fn slot_size_of<T: Stored>(shape: &Shape<'_>) -> usize {
        let bytes = codec::encoded_len_of::<T>(shape).div_ceil(PIECE).saturating_add(1).saturating_mul(PIECE);
        match bytes.checked_next_multiple_of(F::ERASE_SIZE) {
            Some(size) => size,
            None => usize::MAX,
        }
    }

    /// Slots of `slot` bytes each at `start` and behind it, both multiples of the flash's `ERASE_SIZE`. Nothing is read
    /// yet. Errors: [`Error::Setting`] for bounds that are not aligned, [`Error::Size`] beyond the flash.
    pub fn new(flash: F, start: u32, slot: u32) -> Result<Self, Error> {
        const { Self::SIZES_FIT };
        let page = F::ERASE_SIZE as u64;
        let aligned = u64::from(start).is_multiple_of(page) && u64::from(slot).is_multiple_of(page);
        if !aligned || slot == 0 {
            return Err(Error::Setting);
        }
        let (end, capacity) = (u64::from(start) + 2 * u64::from(slot), flash.capacity());
        if end > capacity as u64 || end > u64::from(u32::MAX) {
            return Err(Error::Size { needed: end as usize, given: capacity });
        }
        Ok(Record { flash, start, slot })
    }

    /// Gives the flash back.
    pub fn free(self) -> F {
        self.flash
    }

    /// Saves parameters and the number of steps they were trained for; returns the sequence number of the record.
    ///
    /// Until it returns, and if it fails, what was saved before still loads. Errors: as
    /// [`codec::check`]; a slot too small; [`Error::Corrupt`] when the flash does not hold what was written. Cost: erasing
    /// and writing a slot, reading three.
    pub fn save<T: Stored>(
        &mut self,
        shape: &Shape<'_>,
        params: &[T],
        steps: u64,
    ) -> Result<u32, Fault<F::Error>> {
        codec::check(shape, params)?;
        let (len, given) = (codec::encoded_len_of::<T>(shape), self.slot as usize);
        let needed = PIECE.saturating_add(len);
        if needed > given {
            return Err(Error::Size { needed, given }.into());
        }
        let (target, sequence) = self.target();
        let sequence = sequence.wrapping_add(1);
        let base = self.base(target);
        let end = needed.checked_next_multiple_of(F::ERASE_SIZE).unwrap_or(given).min(given);
        self.flash.erase(base, base + end as u32).map_err(Fault::Flash)?;
        self.write_payload(target, shape, params, steps)?;
        self.confirm::<T>(target, shape, sequence, len)
    }

    /// The slot that may be overwritten, and the last sequence number. Apart from [`save`](Self::save), so that their stacks
    /// and that of [`confirm`](Self::confirm) do not add up.
    #[inline(never)]
    fn target(&mut self) -> (u32, u32) {
        match (self.look(0), self.look(1)) {
            (Slot::Loads { sequence: a }, Slot::Loads { sequence: b }) if newer(a, b) => (1, a),
            (Slot::Loads { .. }, Slot::Loads { sequence }) => (0, sequence),
            (Slot::Loads { sequence }, _) => (1, sequence),
            (_, Slot::Loads { sequence }) => (0, sequence),
            (Slot::Unreadable, _) => (1, 0),
            _ => (0, 0),
        }
    }

    /// Reads the bytes of a slot back, and makes it the newest.
    #[inline(never)]
    fn confirm<T: Stored>(
        &mut self,
        slot: u32,
        shape: &Shape<'_>,
        sequence: u32,
        len: usize,
    ) -> Result<u32, Fault<F::Error>> {
        let read = codec::verify::<T, _>(&mut self.payload(slot, len), Some(shape));
        // Whatever is wrong with it, it is not what was written.
        read.map_err(|fault| match fault {
            Fault::Model(_) => Fault::Model(Error::Corrupt),
            flash => flash,
        })?;
        self.write_block(slot, sequence, len)?;
        if self.block(slot)? == Some((sequence, len)) { Ok(sequence) } else { Err(Error::Corrupt.into()) }
    }

    /// Loads the newest record that is whole and of this network; returns the number of steps it was trained for.
    ///
    /// Errors leave the parameters as they were: [`Error::Empty`] where nothing was ever saved, otherwise what
    /// is wrong with the newest record, if the other slot does not load either. Cost: reading it twice.
    pub fn load<T: Stored>(&mut self, shape: &Shape<'_>, params: &mut [T]) -> Result<u64, Fault<F::Error>> {
        let first = self.first();
        let mut refusal = None;
        for slot in [first, 1 - first] {
            // What a block says is read again: it would lie on the stack all the while.
            let loaded = match self.block(slot) {
                Ok(Some((_, len))) => codec::decode_from(shape, &mut self.payload(slot, len), params),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match loaded {
                Ok(steps) => return Ok(steps),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or(Error::Empty.into()))
    }

    /// The slot with the newest block.
    #[inline(never)]
    fn first(&mut self) -> u32 {
        let a = self.block(0).ok().flatten();
        let b = self.block(1).ok().flatten();
        let a_first = match (a, b) {
            (Some((a, _)), Some((b, _))) => newer(a, b),
            (a, _) => a.is_some(),
        };
        u32::from(!a_first)
    }

    /// Writes the bytes of a slot. Apart from [`save`](Self::save), so that its stack and that of
    /// looking at the slots do not add up.
    #[inline(never)]
    fn write_payload<T: Stored>(
        &mut self,
        slot: u32,
        shape: &Shape<'_>,
        params: &[T],
        steps: u64,
    ) -> Result<(), Fault<F::Error>> {
        let mut at = self.base(slot) + PIECE as u32;
        codec::write(shape, params, steps, |piece| {
            self.write(at, piece)?;
            at += PIECE as u32;
            Ok(())
        })
    }

    /// Marks a slot as whole.
    #[inline(never)]
    fn write_block(&mut self, slot: u32, sequence: u32, len: usize) -> Result<(), Fault<F::Error>> {
        let mut block = [0xff; 16];
        let words = [MAGIC, sequence, len as u32];
        block.iter_mut().zip(words.iter().flat_map(|w| w.to_le_bytes())).for_each(|(b, w)| *b = w);
        let crc = CRC.checksum(block.first_chunk::<12>().unwrap_or(&[0; 12]));
        block.iter_mut().skip(12).zip(crc.to_le_bytes()).for_each(|(b, w)| *b = w);
        self.write(self.base(slot), &block)
    }

    fn base(&self, slot: u32) -> u32 {
        self.start + slot * self.slot
    }

    fn payload(&mut self, slot: u32, len: usize) -> Payload<'_, F> {
        let start = self.base(slot) + PIECE as u32;
        Payload { flash: &mut self.flash, start, len }
    }

    /// Sequence number and number of bytes from the block of a slot, if it is whole.
    fn block(&mut self, slot: u32) -> Result<Option<(u32, usize)>, Fault<F::Error>> {
        let mut block = [0; PIECE];
        let base = self.base(slot);
        self.flash.read(base, &mut block).map_err(Fault::Flash)?;
        let words = block.as_chunks::<4>().0;
        let word = |i: usize| words.get(i).map_or(0, |w| u32::from_le_bytes(*w));
        let len = word(2) as usize;
        let whole = word(0) == MAGIC
            && word(3) == CRC.checksum(block.first_chunk::<12>().unwrap_or(&[0; 12]))
            && len <= (self.slot as usize).saturating_sub(PIECE);
        Ok(whole.then_some((word(1), len)))
    }

    fn look(&mut self, slot: u32) -> Slot {
        let found = self.block(slot).and_then(|block| match block {
            Some((sequence, len)) => {
                codec::verify::<f32, _>(&mut self.payload(slot, len), None).map(|_| sequence)
            }
            None => Err(Error::Empty.into()),
        });
        match found {
            Ok(sequence) => Slot::Loads { sequence },
            Err(Fault::Model(_)) => Slot::Broken,
            Err(Fault::Flash(_)) => Slot::Unreadable,
        }
    }

    /// Writes at most a piece; the flash wants multiples of `WRITE_SIZE`.
    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        if bytes.len().is_multiple_of(F::WRITE_SIZE) {
            return self.flash.write(at, bytes).map_err(Fault::Flash);
        }
        self.write_filled(at, bytes)
    }

    #[inline(never)]
    fn write_filled(&mut self, at: u32, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        let mut piece = [0xff; PIECE];
        piece.iter_mut().zip(bytes).for_each(|(p, b)| *p = *b);
        let n = bytes.len().checked_next_multiple_of(F::WRITE_SIZE).unwrap_or(PIECE);
        self.flash.write(at, window(&piece, ..n)).map_err(Fault::Flash)
    }
}

/// Whether sequence number `a` comes after `b`; they wrap.
fn newer(a: u32, b: u32) -> bool {
    a.wrapping_sub(b) as i32 > 0
}

/// The bytes of a slot.
struct Payload<'a, F> {
    flash: &'a mut F,
    start: u32,
    len: usize,
}

impl<F: ReadNorFlash> Source for Payload<'_, F> {
    type Error = Fault<F::Error>;

    fn size(&self) -> usize {
        self.len
    }

    #[inline(always)]
    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Self::Error> {
        if out.len().is_multiple_of(F::READ_SIZE) {
            return self.flash.read(self.start + offset as u32, out).map_err(Fault::Flash);
        }
        self.read_part(offset, out)
    }
}

impl<F: ReadNorFlash> Payload<'_, F> {
    #[inline(never)]
    fn read_part(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Fault<F::Error>> {
        // A whole piece is in the slot even where the bytes end, and has a size that any flash reads.
        let mut piece = [0; PIECE];
        let n = out.len().checked_next_multiple_of(F::READ_SIZE).unwrap_or(PIECE);
        let piece = window_mut(&mut piece, ..n);
        self.flash.read(self.start + offset as u32, piece).map_err(Fault::Flash)?;
        out.iter_mut().zip(piece).for_each(|(o, p)| *o = *p);
        Ok(())
    }
}
