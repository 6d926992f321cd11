extern crate std;
use super::*;
use crate::shape::{Layer, Prior};
use embedded_storage::nor_flash::{ErrorType, NorFlashError, NorFlashErrorKind};
use std::vec;
use std::vec::Vec;

const SHAPE: Shape =
    Shape::vae(3, &const { [Layer::bernoulli(2)] }, &const { [Layer::bernoulli(3)] }, Prior::Fixed);
const PAGE: usize = 128;

/// How a word or a page looks that lost its power.
#[derive(Clone, Copy, Debug)]
enum Tear {
    /// Nothing happened to it yet.
    None,
    /// Some of its bits did change.
    Some(u64),
    /// It is finished, but power was gone before the driver could say so.
    Whole,
}

/// A flash of `W`-byte words that loses power after a number of words written and of pages erased.
#[derive(Clone, Debug)]
struct Mock<const W: usize> {
    bytes: Vec<u8>,
    written: Vec<bool>,
    power: usize,
    tear: Tear,
    used: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NoPower;

impl NorFlashError for NoPower {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

fn noise(seed: u64) -> u64 {
    let z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 32)
}

impl<const W: usize> Mock<W> {
    fn new(pages: usize) -> Self {
        // A flash from the factory, or with something else in it: any content must do.
        let bytes = (0..pages * PAGE).map(|i| noise(i as u64) as u8).collect();
        Mock { bytes, written: vec![true; pages * PAGE / W], power: usize::MAX, tear: Tear::None, used: 0 }
    }

    /// Spends power on one word or page; `Ok(true)` when the work is to be done in full.
    fn spend(&mut self) -> Result<bool, NoPower> {
        self.used += 1;
        match self.power.checked_sub(1) {
            None => Err(NoPower),
            Some(left) => {
                self.power = left;
                Ok(left > 0 || matches!(self.tear, Tear::Whole))
            }
        }
    }

    fn torn(&self, i: usize, old: u8, new: u8) -> u8 {
        match self.tear {
            Tear::None => old,
            Tear::Some(seed) => {
                let changed = noise(seed ^ (i as u64) << 20) as u8;
                old & !changed | new & changed
            }
            Tear::Whole => new,
        }
    }

    fn change(&mut self, range: core::ops::Range<usize>, new: impl Fn(usize) -> u8) -> Result<(), NoPower> {
        let whole = self.spend()?;
        for i in range.clone() {
            let old = self.bytes[i];
            self.bytes[i] = if whole { new(i) } else { self.torn(i, old, new(i)) };
        }
        if self.power == 0 { Err(NoPower) } else { Ok(()) }
    }
}

impl<const W: usize> ErrorType for Mock<W> {
    type Error = NoPower;
}

impl<const W: usize> ReadNorFlash for Mock<W> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), NoPower> {
        if self.power == 0 {
            return Err(NoPower);
        }
        out.copy_from_slice(&self.bytes[offset as usize..offset as usize + out.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const W: usize> NorFlash for Mock<W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NoPower> {
        assert!(from <= to && (from as usize).is_multiple_of(PAGE) && (to as usize).is_multiple_of(PAGE));
        for start in (from as usize..to as usize).step_by(PAGE) {
            self.change(start..start + PAGE, |_| 0xff)?;
            self.written[start / W..(start + PAGE) / W].fill(false);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NoPower> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(W) && bytes.len().is_multiple_of(W) && !bytes.is_empty());
        for at in (0..bytes.len()).step_by(W) {
            let word = (offset + at) / W;
            assert!(!core::mem::replace(&mut self.written[word], true), "word {word} was written twice");
            let start = offset + at;
            self.change(start..start + W, |i| bytes[i - offset])?;
        }
        Ok(())
    }
}

/// Parameters and steps of generation `g`.
fn model(g: u64) -> (Vec<f32>, u64) {
    ((0..SHAPE.params()).map(|i| (i as f32 - 3.5) * (g as f32 + 0.25)).collect(), 1000 + g)
}

fn record<const W: usize>(flash: Mock<W>) -> Record<Mock<W>> {
    let slot = Record::<Mock<W>>::slot_size(&SHAPE) as u32;
    Record::new(flash, PAGE as u32, slot).unwrap()
}

fn save<const W: usize>(record: &mut Record<Mock<W>>, g: u64) -> Result<u32, Fault<NoPower>> {
    let (params, steps) = model(g);
    record.save(&SHAPE, &params, steps)
}

/// The generation that loads.
fn load<const W: usize>(record: &mut Record<Mock<W>>) -> Option<u64> {
    let mut params = vec![9e9; SHAPE.params()];
    match record.load(&SHAPE, &mut params) {
        Ok(steps) => {
            assert_eq!((params, steps), model(steps - 1000), "what loads is whole");
            Some(steps - 1000)
        }
        Err(error) => {
            assert_eq!(error, Fault::Model(Error::Empty));
            assert!(params.iter().all(|&p| p == 9e9));
            None
        }
    }
}

/// Every point of power loss in the save of generation `g`, and in the one after it.
fn cut_everywhere<const W: usize>(before: &Mock<W>, g: u64, tear: Tear, again: bool) -> usize {
    let expected = load(&mut record(before.clone()));
    let mut count = 0;
    for power in 1.. {
        let mut first = record(Mock { power, tear, used: 0, ..before.clone() });
        let saved = save(&mut first, g);
        let mut flash = first.free();
        if flash.power > 0 {
            assert_eq!((saved.is_ok(), load(&mut record(flash))), (true, Some(g)));
            break;
        }
        count += 1;
        assert_eq!(saved, Err(Fault::Flash(NoPower)));
        flash.power = usize::MAX;
        let loaded = load(&mut record(flash.clone()));
        // The commit is the last word: with it the new record counts, before it the old one.
        assert!(loaded == expected || loaded == Some(g), "{power} {tear:?}: {loaded:?}, not {expected:?}");
        if again {
            count += cut_everywhere(&flash, g + 1, tear, false);
        }
        let mut next = record(flash);
        save(&mut next, g + 2).unwrap();
        assert_eq!(load(&mut next), Some(g + 2));
    }
    count
}

fn exhaustive<const W: usize>(tear: Tear) -> usize {
    let mut count = 0;
    let mut flash = Mock::<W>::new(8);
    for g in 0..4 {
        count += cut_everywhere(&flash, 10 + g, tear, true);
        let mut r = record(flash);
        assert_eq!(save(&mut r, g).unwrap(), g as u32 + 1);
        assert_eq!(load(&mut r), Some(g));
        flash = r.free();
    }
    count
}

#[test]
fn one_slot_loads_wherever_power_is_lost() {
    // With words of one byte power goes at every byte.
    let all =
        |tear| exhaustive::<1>(tear) + exhaustive::<4>(tear) + exhaustive::<8>(tear) + exhaustive::<32>(tear);
    let tears = [Tear::None, Tear::Whole].into_iter().chain((1..5).map(Tear::Some));
    let count: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = tears.map(|tear| scope.spawn(move || all(tear))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(count > 400_000, "{count} power losses");
}

#[test]
fn what_else_is_in_the_flash_stays() {
    let flash = Mock::<4>::new(8);
    let before = flash.bytes.clone();
    let mut r = record(flash);
    for g in 0..5 {
        save(&mut r, g).unwrap();
    }
    let after = r.free().bytes;
    let end = PAGE + 2 * Record::<Mock<4>>::slot_size(&SHAPE);
    assert!(after[..PAGE] == before[..PAGE] && after[end..] == before[end..]);
}

#[test]
fn sequence_numbers_wrap() {
    assert!(newer(0, u32::MAX) && newer(5, 4) && !newer(4, 5) && !newer(u32::MAX, 0));
}

#[test]
fn a_slot_that_rots_gives_way_to_the_other() {
    let mut r = record(Mock::<4>::new(8));
    save(&mut r, 1).unwrap();
    save(&mut r, 2).unwrap();
    let slot = Record::<Mock<4>>::slot_size(&SHAPE);
    let flash = r.free();
    for byte in PAGE + slot..PAGE + 2 * slot {
        let mut rotten = flash.clone();
        rotten.bytes[byte] ^= 0x10;
        assert!(load(&mut record(rotten)).is_some_and(|g| g == 1 || g == 2), "{byte}");
    }
}

#[test]
fn bad_bounds_and_bad_parameters_are_refused_before_anything_is_erased() {
    let flash = Mock::<4>::new(8);
    assert_eq!(Record::new(flash.clone(), 1, PAGE as u32).unwrap_err(), Error::Setting);
    assert_eq!(Record::new(flash.clone(), 0, 0).unwrap_err(), Error::Setting);
    assert!(matches!(Record::new(flash.clone(), 0, 5 * PAGE as u32), Err(Error::Size { .. })));
    let mut small = Record::new(flash.clone(), 0, PAGE as u32).unwrap();
    assert!(matches!(save(&mut small, 0), Err(Fault::Model(Error::Size { .. }))));
    let mut r = record(flash);
    let bad = vec![f32::NAN; SHAPE.params()];
    assert_eq!(r.save(&SHAPE, &bad, 0), Err(Fault::Model(Error::Parameter)));
    assert_eq!(r.free().used + small.free().used, 0);
}

/// A flash that says yes and does nothing.
struct Idle<'a>(&'a [u8]);

impl ErrorType for Idle<'_> {
    type Error = NoPower;
}

impl ReadNorFlash for Idle<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), NoPower> {
        out.copy_from_slice(&self.0[offset as usize..offset as usize + out.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Idle<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, _from: u32, _to: u32) -> Result<(), NoPower> {
        Ok(())
    }

    fn write(&mut self, _offset: u32, _bytes: &[u8]) -> Result<(), NoPower> {
        Ok(())
    }
}

#[test]
fn a_flash_that_does_not_hold_what_was_written_is_told() {
    let mut used = record(Mock::<4>::new(8));
    assert!(save(&mut used, 1).is_ok() && save(&mut used, 2).is_ok());
    let (size, used) = (Record::<Idle<'_>>::slot_size(&SHAPE) as u32, used.free().bytes);
    let erased = vec![0xff; used.len()];
    for bytes in [&erased, &vec![0; used.len()], &used] {
        let mut record = Record::new(Idle(bytes), PAGE as u32, size).unwrap();
        assert_eq!(record.save(&SHAPE, &model(3).0, 3), Err(Fault::Model(Error::Corrupt)));
    }
}

#[test]
fn another_networks_record_is_named_as_such() {
    let mut r = record(Mock::<4>::new(8));
    save(&mut r, 1).unwrap();
    let layers = [Layer::bernoulli(2)];
    let mut params = [0.0; 2];
    assert_eq!(r.load(&Shape::chain(0, &layers), &mut params), Err(Fault::Model(Error::OtherShape)));
}

/// The flash of a device that version 0.2 left, with a record in each slot, the newer one in the second.
#[test]
fn a_flash_that_an_older_version_wrote_loads() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/0.2/record.bin");
    let mut flash = Mock::<4>::new(8);
    flash.bytes = std::fs::read(path).unwrap();
    let mut both = record(flash.clone());
    assert_eq!(load(&mut both), Some(42));
    assert_eq!(save(&mut both, 43), Ok(3));
    // Without the newer one the older one loads.
    let slot = Record::<Mock<4>>::slot_size(&SHAPE);
    flash.bytes[PAGE + slot..PAGE + 2 * slot].fill(0);
    assert_eq!(load(&mut record(flash)), Some(41));
}
