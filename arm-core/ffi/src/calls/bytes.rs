//! Parameters as bytes, in and out.

use crate::block::open;
use crate::by_kind::{by_kind, per_kind};
use crate::kind::{Kind, Net};
use crate::pointers::{check, one, slice};
use crate::status::*;
use crate::types::*;
use arm_core::Error;
use arm_core::codec::{PIECE, Source};
use core::ffi::c_void;

/// Writes parameters and number of steps as bytes (`SBN_SAVED_BYTES` of them) to `bytes`, which has room for `size`, and
/// their number to `written`. The same bytes load on any device and on the desktop.
///
/// # Safety
///
/// As `sbn_step`; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_save(
    net: *const sbn_network,
    bytes: *mut u8,
    size: usize,
    written: *mut usize,
) -> i32 {
    by_kind!(net, save(net, bytes, size, written))
}

/// Loads the bytes of `sbn_save`, from here or elsewhere; forgets the optimiser's moments and a step that is under way.
///
/// All is checked before anything changes: `SBN_ERROR_LENGTH`, `_MAGIC`, `_OLDER`, `_NEWER`, `_CORRUPT`, `_OTHER_SHAPE`,
/// `_PARAMETER`, and `_OTHER_NUMBERS` for bytes of the other kind, floats or integers.
///
/// # Safety
///
/// As `sbn_step`; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_load(net: *mut sbn_network, bytes: *const u8, size: usize) -> i32 {
    by_kind!(net, load(net, bytes, size))
}

/// `sbn_save` without a buffer: hands the bytes to `sink` in order, in pieces of `SBN_PIECE` and a shorter last one.
/// `SBN_ERROR_CALLBACK` when the sink returns anything but 0.
///
/// # Safety
///
/// As `sbn_step`; `sink` can be called with `context` and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_save_to(net: *const sbn_network, sink: sbn_sink, context: *mut c_void) -> i32 {
    by_kind!(net, save_to(net, sink, context))
}

/// `sbn_load` without a buffer: `source` is asked twice for all `size` bytes in order, and must give the same.
/// `SBN_ERROR_CALLBACK` when it returns anything but 0, and `SBN_ERROR_CORRUPT` when it does not give the same: if that
/// happens the second time, some parameters may have changed, and the network is to be loaded again.
///
/// # Safety
///
/// As `sbn_step`; `source` can be called with `context` and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_load_from(
    net: *mut sbn_network,
    size: usize,
    source: sbn_source,
    context: *mut c_void,
) -> i32 {
    by_kind!(net, load_from(net, size, source, context))
}

per_kind! {
    fn save(net: *const sbn_network, bytes: *mut u8, size: usize, written: *mut usize) -> i32;
    fn load(net: *mut sbn_network, bytes: *const u8, size: usize) -> i32;
    fn save_to(net: *const sbn_network, sink: sbn_sink, context: *mut c_void) -> i32;
    fn load_from(net: *mut sbn_network, size: usize, source: sbn_source, context: *mut c_void) -> i32;
}

/// # Safety
///
/// As [`sbn_save`]; `net` is not null, and aligned.
unsafe fn save<N: Kind>(net: *const sbn_network, bytes: *mut u8, size: usize, written: *mut usize) -> i32 {
    let room = |block| {
        let (room, out) = (check(bytes, size)?, one(written)?);
        room.clear_of(out)?;
        room.clear_of(block)?;
        out.clear_of(block)
    };
    let save = |net: &mut Net<N>| {
        let needed = N::saved_bytes(&net.shape());
        if size < needed {
            return Err(Error::Size { needed, given: size }.into());
        }
        let mut at = bytes;
        N::save_to(net, |piece| {
            // SAFETY: checked; pieces are as long together as what is needed. C need not have written to the bytes.
            unsafe {
                at.copy_from_nonoverlapping(piece.as_ptr(), piece.len());
                at = at.add(piece.len());
            }
            Ok::<(), Error>(())
        })?;
        // SAFETY: checked.
        unsafe { written.write(needed) };
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, room, save) }
}

/// # Safety
///
/// As [`sbn_load`]; `net` is not null, and aligned.
unsafe fn load<N: Kind>(net: *mut sbn_network, bytes: *const u8, size: usize) -> i32 {
    let load = |net: &mut Net<N>| {
        // SAFETY: checked before; there by the caller's promise.
        N::load_from(net, &mut unsafe { slice(bytes, size) })?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |block| check(bytes, size)?.clear_of(block), load) }
}

/// # Safety
///
/// As [`sbn_save_to`]; `net` is not null, and aligned.
unsafe fn save_to<N: Kind>(net: *const sbn_network, sink: sbn_sink, context: *mut c_void) -> i32 {
    let Some(sink) = sink else { return SBN_ERROR_NULL };
    let save = |net: &mut Net<N>| {
        // SAFETY: the caller's promise.
        N::save_to(net, |piece| match unsafe { sink(piece.as_ptr(), piece.len(), context) } {
            0 => Ok(()),
            _ => Err(Refusal(SBN_ERROR_CALLBACK)),
        })?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |_| Ok(()), save) }
}

/// # Safety
///
/// As [`sbn_load_from`]; `net` is not null, and aligned.
unsafe fn load_from<N: Kind>(
    net: *mut sbn_network,
    size: usize,
    source: sbn_source,
    context: *mut c_void,
) -> i32 {
    let Some(call) = source else { return SBN_ERROR_NULL };
    let load = |net: &mut Net<N>| {
        N::load_from(net, &mut Callback { size, call, context })?;
        Ok(SBN_OK)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, |_| Ok(()), load) }
}

struct Callback {
    size: usize,
    call: unsafe extern "C" fn(usize, *mut u8, usize, *mut c_void) -> i32,
    context: *mut c_void,
}

impl Source for Callback {
    type Error = Refusal;

    fn size(&self) -> usize {
        self.size
    }

    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Refusal> {
        // SAFETY: the promise of the caller of `sbn_load_from`.
        match unsafe { (self.call)(offset, out.as_mut_ptr(), out.len(), self.context) } {
            0 => Ok(()),
            _ => Err(Refusal(SBN_ERROR_CALLBACK)),
        }
    }
}

const _: () = assert!(PIECE == SBN_PIECE as usize);
