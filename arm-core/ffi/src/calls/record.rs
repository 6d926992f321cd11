//! Parameters in flash that the caller drives: two slots, one of which loads after a power loss at any byte.

use crate::block::open;
use crate::by_kind::{by_kind, per_kind};
use crate::kind::{Kind, Net};
use crate::pointers::{apart, check, one};
use crate::status::*;
use crate::types::*;
use arm_core::record::{Fault, Record};
use core::ffi::c_void;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// Saves parameters and number of steps in the slot of `flash` that is not the newest; stores the number of the record in
/// `sequence`.
///
/// Until it returns 0, and whatever goes wrong, power included, what was saved before still loads. Nothing of the size of
/// the parameters is held in memory. Errors: `SBN_ERROR_SETTING` for sizes that do not fit each other, `_SIZE` for slots
/// that are too small (`SBN_SLOT_BYTES`), `_PARAMETER`, `_CALLBACK`, `_CORRUPT` when the flash does not hold what was
/// written.
///
/// # Safety
///
/// As `sbn_step`; the functions of `flash` can be called with its context and return.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_record_save(
    net: *const sbn_network,
    flash: *const sbn_flash,
    sequence: *mut u32,
) -> i32 {
    by_kind!(net, record_save(net, flash, sequence))
}

/// Loads what `sbn_record_save` saved last, or, where that does not load, what it saved before; forgets the optimiser's
/// moments and a step that is under way. `SBN_ERROR_EMPTY` where there is neither; other errors as `sbn_load_from`.
///
/// # Safety
///
/// As `sbn_record_save`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_record_load(net: *mut sbn_network, flash: *const sbn_flash) -> i32 {
    by_kind!(net, record_load(net, flash))
}

per_kind! {
    fn record_save(net: *const sbn_network, flash: *const sbn_flash, sequence: *mut u32) -> i32;
    fn record_load(net: *mut sbn_network, flash: *const sbn_flash) -> i32;
}

/// # Safety
///
/// As [`sbn_record_save`]; `net` is not null, and aligned.
unsafe fn record_save<N: Kind>(net: *const sbn_network, flash: *const sbn_flash, sequence: *mut u32) -> i32 {
    let arguments = |block| {
        one(flash)?.clear_of(block)?;
        apart(sequence, block)
    };
    let save = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        let mut record = unsafe { record(flash)? };
        let number = N::save(net, &mut record)?;
        // SAFETY: checked before.
        unsafe { sequence.write(number) };
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, arguments, save) }
}

/// # Safety
///
/// As [`sbn_record_load`]; `net` is not null, and aligned.
unsafe fn record_load<N: Kind>(net: *mut sbn_network, flash: *const sbn_flash) -> i32 {
    let load = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        let mut record = unsafe { record(flash)? };
        N::load(net, &mut record)?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| one(flash)?.clear_of(block), load) }
}

/// # Safety
///
/// `flash` passed [`check`] and is there.
unsafe fn record(flash: *const sbn_flash) -> Result<Record<Driver>, Refusal> {
    check(flash, 1)?;
    // SAFETY: the caller's promise.
    let sbn_flash { read, write, erase, context, start, slot, page } = unsafe { flash.read() };
    let (Some(read), Some(write), Some(erase)) = (read, write, erase) else {
        return Err(Refusal(SBN_ERROR_NULL));
    };
    let whole = |n: u32| n.checked_rem(page) == Some(0);
    if page.checked_rem(SBN_PIECE) != Some(0) || !whole(start) || !whole(slot) {
        return Err(Refusal(SBN_ERROR_SETTING));
    }
    Ok(Record::new(Driver { read, write, erase, context, page }, start, slot)?)
}

/// The caller's functions as a driver, which reads and writes whole pieces.
struct Driver {
    read: unsafe extern "C" fn(u32, *mut u8, usize, *mut c_void) -> i32,
    write: unsafe extern "C" fn(u32, *const u8, usize, *mut c_void) -> i32,
    erase: unsafe extern "C" fn(u32, *mut c_void) -> i32,
    context: *mut c_void,
    page: u32,
}

/// One of the caller's functions said so.
#[derive(Clone, Copy, Debug)]
struct Failed;

impl NorFlashError for Failed {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl From<Fault<Failed>> for Refusal {
    fn from(fault: Fault<Failed>) -> Self {
        match fault {
            Fault::Flash(Failed) => Refusal(SBN_ERROR_CALLBACK),
            Fault::Model(error) => error.into(),
        }
    }
}

fn done(status: i32) -> Result<(), Failed> {
    if status == 0 { Ok(()) } else { Err(Failed) }
}

impl ErrorType for Driver {
    type Error = Failed;
}

impl ReadNorFlash for Driver {
    const READ_SIZE: usize = SBN_PIECE as usize;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failed> {
        // SAFETY: the promise of the caller of the library.
        done(unsafe { (self.read)(offset, bytes.as_mut_ptr(), bytes.len(), self.context) })
    }

    fn capacity(&self) -> usize {
        u32::MAX as usize
    }
}

impl NorFlash for Driver {
    const WRITE_SIZE: usize = SBN_PIECE as usize;
    const ERASE_SIZE: usize = SBN_PIECE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Failed> {
        let mut page = from;
        // Slots are whole pages: one that begins before `to` belongs to the slot.
        while page < to {
            // SAFETY: the promise of the caller of the library.
            done(unsafe { (self.erase)(page, self.context) })?;
            page = page.saturating_add(self.page);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failed> {
        // SAFETY: the promise of the caller of the library.
        done(unsafe { (self.write)(offset, bytes.as_ptr(), bytes.len(), self.context) })
    }
}
