//! The part of the flash that the memory map leaves for what was learned, as `embedded-storage` wants it.
//!
//! The program runs from the same flash. While it is erased or written it cannot be read, so that is done by a function in
//! RAM, which calls the boot ROM's, with interrupts masked: 45 ms for a sector, 0.4 ms for a page. The second core must not run.

use super::BOOT2_FIRMWARE;
use core::ptr;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// Where the chip's first byte is read.
const FLASH: usize = 0x1000_0000;
const SECTOR: usize = 4096;
const PAGE: usize = 256;

/// The flash from `__storage` to `__storage_end`; offsets count from there. There is one: who makes two must not use one while
/// the other is at work.
#[derive(Debug)]
pub struct Flash(());

/// Functions of the boot ROM (2.8.3) that a change of the flash takes, in their order.
#[repr(C)]
struct Rom {
    connect: unsafe extern "C" fn(),
    leave_xip: unsafe extern "C" fn(),
    erase: unsafe extern "C" fn(offset: u32, bytes: usize, block: u32, command: u8),
    program: unsafe extern "C" fn(offset: u32, from: *const u8, bytes: usize),
    flush: unsafe extern "C" fn(),
}

/// A page to program, or none to erase a sector.
type Content<'a> = Option<&'a [u8; PAGE]>;

impl Flash {
    /// The flash.
    pub const fn new() -> Self {
        Flash(())
    }

    /// What a range of it is in the chip.
    fn range(&self, from: u32, bytes: usize) -> Result<u32, NorFlashErrorKind> {
        let inside = (from as usize).checked_add(bytes).is_some_and(|end| end <= self.capacity());
        let offset = (&raw const __storage as usize).wrapping_sub(FLASH) as u32;
        if inside { Ok(offset.wrapping_add(from)) } else { Err(NorFlashErrorKind::OutOfBounds) }
    }

    /// Erases a sector or programs a page.
    fn change(&mut self, offset: u32, content: Content<'_>) {
        // SAFETY: these codes name functions of these types.
        let rom = unsafe {
            Rom {
                connect: core::mem::transmute::<usize, unsafe extern "C" fn()>(rom(*b"IF")),
                leave_xip: core::mem::transmute::<usize, unsafe extern "C" fn()>(rom(*b"EX")),
                erase: core::mem::transmute::<usize, unsafe extern "C" fn(u32, usize, u32, u8)>(rom(*b"RE")),
                program: core::mem::transmute::<usize, unsafe extern "C" fn(u32, *const u8, usize)>(rom(
                    *b"RP",
                )),
                flush: core::mem::transmute::<usize, unsafe extern "C" fn()>(rom(*b"FC")),
            }
        };
        // What makes the flash readable again lies in it, too.
        let boot2: [u32; 64] = core::array::from_fn(|i| {
            // SAFETY: whole words of an aligned static.
            unsafe { (&raw const BOOT2_FIRMWARE).cast::<u32>().add(i).read_volatile() }
        });
        // SAFETY: no interrupt comes while it runs; it and its arguments lie in RAM; the range is ours.
        unsafe {
            let masked: u32;
            core::arch::asm!("mrs {}, PRIMASK", "cpsid i", out(reg) masked, options(nostack));
            apart(&rom, &boot2, offset, content);
            core::arch::asm!("msr PRIMASK, {}", in(reg) masked, options(nostack));
        }
    }
}

impl Default for Flash {
    fn default() -> Self {
        Self::new()
    }
}

/// The address of a function of the boot ROM: it has a table of them, and one that looks into the table.
fn rom(code: [u8; 2]) -> usize {
    type LookUp = unsafe extern "C" fn(table: *const u16, code: u32) -> usize;
    // SAFETY: the ROM of every RP2040 has these at these places.
    unsafe {
        let table = ptr::read_volatile(0x14 as *const u16);
        let look_up = ptr::read_volatile(0x18 as *const u16);
        let look_up = core::mem::transmute::<usize, LookUp>(usize::from(look_up));
        look_up(usize::from(table) as *const u16, u32::from(u16::from_le_bytes(code)))
    }
}

/// # Safety
///
/// Nothing may look at the flash meanwhile.
#[inline(never)]
#[unsafe(link_section = ".data.in_ram")]
unsafe fn apart(rom: &Rom, boot2: &[u32; 64], offset: u32, content: Content<'_>) {
    // SAFETY: the order that the datasheet asks for; the copy of the second stage returns to its caller.
    unsafe {
        (rom.connect)();
        (rom.leave_xip)();
        match content {
            Some(page) => (rom.program)(offset, page.as_ptr(), PAGE),
            None => (rom.erase)(offset, SECTOR, 1 << 16, 0xd8),
        }
        (rom.flush)();
        let readable = core::mem::transmute::<usize, unsafe extern "C" fn()>(boot2.as_ptr() as usize | 1);
        readable();
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let from = FLASH + self.range(offset, bytes.len())? as usize;
        for (i, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: inside the flash.
            *byte = unsafe { ((from + i) as *const u8).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        &raw const __storage_end as usize - &raw const __storage as usize
    }
}

impl NorFlash for Flash {
    // A page is filled up with ones, which change nothing.
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        if !(from as usize).is_multiple_of(SECTOR) || !(to as usize).is_multiple_of(SECTOR) {
            return Err(NorFlashErrorKind::NotAligned);
        }
        let first = self.range(from, to.saturating_sub(from) as usize)?;
        (0..to.saturating_sub(from)).step_by(SECTOR).for_each(|at| self.change(first + at, None));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let mut at = self.range(offset, bytes.len())?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = at as usize % PAGE;
            let mut page = [0xff; PAGE];
            let n = rest.len().min(PAGE - within);
            page.iter_mut().skip(within).zip(rest).for_each(|(to, from)| *to = *from);
            self.change(at - within as u32, Some(&page));
            at += n as u32;
            rest = rest.get(n..).unwrap_or_default();
        }
        Ok(())
    }
}

unsafe extern "C" {
    // Of the memory map. Only their addresses mean anything.
    static __storage: u8;
    static __storage_end: u8;
}
