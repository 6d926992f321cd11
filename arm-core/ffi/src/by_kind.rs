//! Every call that works with a network exists once for each [`Kind`](crate::kind::Kind); the one that C names looks at the
//! network's mark and calls the one of its kind.
//!
//! An archive is cut into three objects (`scripts/c-library.sh`): the calls that C names, those of floats, and those of
//! integers. The first refers to the others weakly, and `sbn_config` names a constant that is in one of them: a program has
//! the engine of the kinds that its configurations name, and no other.

use crate::pointers::one;
use crate::status::*;
use crate::types::*;

/// What a pointer that points to no network is refused with. A call, like all that a function by kind does: it has no frame.
#[cold]
#[inline(never)]
pub(crate) fn no_network(net: *const sbn_network) -> i32 {
    one(net.cast::<u32>()).map_or_else(|Refusal(status)| status, |_| SBN_OK)
}

/// Functions of one kind, under the names that the others know them by, and a declaration of those of either kind.
macro_rules! per_kind {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $out:ty;)*) => {
        mod floats {
            use super::*;
            $(
                /// # Safety
                ///
                /// As the function of this name outside.
                #[unsafe(export_name = concat!("sbn_f32_", stringify!($name)))]
                unsafe extern "C" fn $name($($arg: $type),*) -> $out {
                    // SAFETY: the caller's promise.
                    unsafe { super::$name::<crate::kind::Floats>($($arg),*) }
                }
            )*
        }
        mod integers {
            use super::*;
            $(
                /// # Safety
                ///
                /// As the function of this name outside.
                #[unsafe(export_name = concat!("sbn_i16_", stringify!($name)))]
                unsafe extern "C" fn $name($($arg: $type),*) -> $out {
                    // SAFETY: the caller's promise.
                    unsafe { super::$name::<crate::kind::Integers>($($arg),*) }
                }
            )*
        }
        #[allow(improper_ctypes, reason = "C declares what a network is, and nothing of it")]
        mod of_floats {
            use super::*;
            unsafe extern "C" {
                $(
                    #[cfg_attr(feature = "split", link_name = concat!("sbn_weak_f32_", stringify!($name)))]
                    #[cfg_attr(not(feature = "split"), link_name = concat!("sbn_f32_", stringify!($name)))]
                    pub(super) fn $name($($arg: $type),*) -> $out;
                )*
            }
        }
        #[allow(improper_ctypes, reason = "C declares what a network is, and nothing of it")]
        mod of_integers {
            use super::*;
            unsafe extern "C" {
                $(
                    #[cfg_attr(feature = "split", link_name = concat!("sbn_weak_i16_", stringify!($name)))]
                    #[cfg_attr(not(feature = "split"), link_name = concat!("sbn_i16_", stringify!($name)))]
                    pub(super) fn $name($($arg: $type),*) -> $out;
                )*
            }
        }
    };
}
pub(crate) use per_kind;

/// Calls the function of the network's kind, which claims it. One that is of no kind, or that somebody works with, is refused here:
/// the functions of a kind that no configuration names are not there.
macro_rules! by_kind {
    ($net:expr, $name:ident($($arg:expr),* $(,)?)) => {{
        let mark = $net.cast::<u32>();
        if crate::pointers::one(mark).is_err() {
            return crate::by_kind::no_network($net);
        }
        // SAFETY: checked; the caller's promise.
        unsafe {
            match crate::claim::look(mark) {
                <crate::kind::Floats as crate::kind::Kind>::READY => of_floats::$name($($arg),*),
                <crate::kind::Integers as crate::kind::Kind>::READY => of_integers::$name($($arg),*),
                found => crate::claim::refused(found),
            }
        }
    }};
}
pub(crate) use by_kind;
