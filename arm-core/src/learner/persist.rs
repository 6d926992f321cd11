//! A learner's parameters as bytes and in flash.
//!
//! Tests: `learner/tests.rs`, `storage/record/tests.rs`.

use super::Learner;
use crate::engine::Estimates;
use crate::error::Error;
use crate::estimator::Estimator;
use crate::kernels::WeightOf;
use crate::optim::Optimiser;
use crate::storage::codec::{self, Source, Stored};
use crate::storage::record::{Fault, Record};
use embedded_storage::nor_flash::NorFlash;

impl<E: Estimator, O: Optimiser, K: Estimates> Learner<'_, '_, E, O, K>
where
    WeightOf<K>: Stored,
{
    /// Writes the parameters and the number of steps to the start of `out`; returns how many bytes:
    /// [`codec::encoded_len_of`]. Errors: as [`codec::encode_into`]; [`Error::Busy`] while a step is under way.
    pub fn save_bytes(&self, out: &mut [u8]) -> Result<usize, Error> {
        self.idle()?;
        codec::encode_into(&self.core.engine.shape, self.core.held.params, self.core.held.state.steps, out)
    }

    /// Replaces parameters and number of steps by those of [`save_bytes`](Self::save_bytes), here or on another machine;
    /// forgets the moments and a step that is under way. Without moments to forget it goes on with the same bits.
    /// Errors leave the model as it was: see [`codec::decode`].
    pub fn load_bytes(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.load_from(&mut bytes)
    }

    /// [`save_bytes`](Self::save_bytes) in pieces, for which no buffer is needed: see [`codec::encode`].
    pub fn save_to<F: From<Error>>(&self, sink: impl FnMut(&[u8]) -> Result<(), F>) -> Result<(), F> {
        self.idle()?;
        codec::encode(&self.core.engine.shape, self.core.held.params, self.core.held.state.steps, sink)
    }

    /// [`load_bytes`](Self::load_bytes) from bytes that are not in memory: see [`codec::decode_from`].
    pub fn load_from<S: Source>(&mut self, source: &mut S) -> Result<(), S::Error> {
        let steps = codec::decode_from(&self.core.engine.shape, source, self.core.held.params)?;
        self.loaded(steps);
        Ok(())
    }

    /// [`save_bytes`](Self::save_bytes) into a record in flash; returns its sequence number. See [`Record::save`].
    pub fn save<F: NorFlash>(&self, record: &mut Record<F>) -> Result<u32, Fault<F::Error>> {
        self.idle()?;
        record.save(&self.core.engine.shape, self.core.held.params, self.core.held.state.steps)
    }

    /// [`load_bytes`](Self::load_bytes) from a record in flash. See [`Record::load`].
    pub fn load<F: NorFlash>(&mut self, record: &mut Record<F>) -> Result<(), Fault<F::Error>> {
        let steps = record.load(&self.core.engine.shape, self.core.held.params)?;
        self.loaded(steps);
        Ok(())
    }

    fn loaded(&mut self, steps: u64) {
        self.core.held.params.iter_mut().for_each(|p| *p = K::settle(*p));
        self.forget();
        self.core.held.state.steps = steps;
    }
}
