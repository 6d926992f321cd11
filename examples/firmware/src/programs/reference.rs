//! The network that figures are quoted for, and a flash in RAM.

use arm_core::{Layer, Prior, Shape};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// 64-32-16 / 16-32-64 with LeakyReLU.
pub const SHAPE: Shape<'static> = Shape::vae(
    64,
    &[Layer::hidden(32, 0.1), Layer::bernoulli(16)],
    &[Layer::hidden(32, 0.1), Layer::bernoulli(64)],
    Prior::Fixed,
);
/// Its parameters.
pub const P: usize = SHAPE.params();
/// Words of its scratch.
pub const S: usize = SHAPE.scratch();

const PAGE: usize = 4096;

/// Two slots, each large enough for its parameters.
#[derive(Clone, Debug)]
pub struct RamFlash([u8; 2 * Self::SLOT as usize]);

impl RamFlash {
    /// Bytes of a slot.
    pub const SLOT: u32 = (4 * P).next_multiple_of(PAGE) as u32 + PAGE as u32;
    /// It starts as zeros, so that a static lies in .bss; a record does not rely on what it finds.
    pub const ZERO: Self = RamFlash([0; 2 * Self::SLOT as usize]);

    /// Flips a bit.
    pub fn damage(&mut self, at: u32) {
        self.0.get_mut(at as usize).into_iter().for_each(|byte| *byte ^= 1);
    }

    fn part(&mut self, start: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let start = start as usize;
        self.0.get_mut(start..start.saturating_add(length)).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for RamFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for RamFlash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let part = self.part(offset, bytes.len())?;
        bytes.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for RamFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.part(from, to.saturating_sub(from) as usize)?.fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let part = self.part(offset, bytes.len())?;
        part.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}
