use super::decode::{Claims, verify};
use super::{CENTRED, FIXED_WORDS, layer};
use crate::error::{Error, exact_size};
use crate::numeric::window::window;
use crate::shape::{Coding, Codings, Layer, Prior};

/// What network some bytes hold, for a reader that does not know it yet.
///
/// ```
/// use arm_core::{Layer, Shape, codec};
/// let layers = [Layer::hidden(3, 0.1), Layer::bernoulli(2)];
/// let shape = Shape::chain(4, &layers);
/// let mut bytes = [0; 256];
/// let n = codec::encode_into(&shape, &[0.5; 23], 7, &mut bytes)?;
/// let header = codec::Header::read(&bytes[..n])?;
/// assert_eq!((header.inputs(), header.steps()), (4, 7));
/// assert!(header.encoder().eq(layers) && header.decoder().len() == 0);
/// # Ok::<(), arm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    bytes: &'a [u8],
    claims: Claims,
}

impl<'a> Header<'a> {
    /// The header of `bytes`, which are checked in full, as by [`decode`](super::decode()). Whether it describes a network is for
    /// [`Shape::check`](crate::Shape::check) to say.
    pub fn read(mut bytes: &'a [u8]) -> Result<Self, Error> {
        let claims = verify::<f32, _>(&mut bytes, None)?;
        Ok(Header { bytes, claims })
    }

    /// Units of the input.
    pub fn inputs(&self) -> usize {
        self.claims.inputs
    }

    /// The prior of the top layer.
    pub fn prior(&self) -> Prior {
        self.claims.prior()
    }

    /// Whether the network has a target: then the decoder's layers are those of its output.
    pub fn is_conditional(&self) -> bool {
        self.claims.kind & 2 != 0
    }

    /// The numbers that units stand for. The means of centred inputs are copied to `means`, which has room for one a unit of
    /// the input. Errors: [`Error::Size`] for another room; [`Error::Older`] for centred inputs in bytes of version 1, which
    /// do not hold the means: only [`decode`](super::decode()) with a shape that has them reads these.
    pub fn codings<'m>(&self, means: &'m mut [f32]) -> Result<Codings<'m>, Error> {
        exact_size(self.inputs(), means.len())?;
        let b = if self.claims.kind & 16 == 0 { Coding::ZeroOne } else { Coding::Signed };
        let x = match self.claims.x() {
            0 => Coding::ZeroOne,
            CENTRED if self.claims.has_means => {
                let first = FIXED_WORDS + 2 * self.claims.layers();
                let words = window(self.bytes.as_chunks::<4>().0, first..);
                means.iter_mut().zip(words).for_each(|(mean, word)| *mean = f32::from_le_bytes(*word));
                Coding::Centred(means)
            }
            CENTRED => return Err(Error::Older),
            _ => Coding::Signed,
        };
        Ok(Codings { x, b })
    }

    /// Whether the parameters have 16 bits: those of an [integer](crate::kernels::Integer) learner.
    pub fn is_short(&self) -> bool {
        self.claims.per_word() > 1
    }

    /// Steps begun in training, refused ones included.
    pub fn steps(&self) -> u64 {
        self.claims.steps
    }

    /// Layers of the sampled chain: at most [`MAX_LAYERS`](crate::shape::MAX_LAYERS) with those of the decoder.
    pub fn encoder(&self) -> impl ExactSizeIterator<Item = Layer> + use<'a> {
        self.layers(0, self.claims.encoder.into())
    }

    /// Layers of the decoder, from the top down; none for a chain.
    pub fn decoder(&self) -> impl ExactSizeIterator<Item = Layer> + use<'a> {
        self.layers(self.claims.encoder.into(), self.claims.decoder.into())
    }

    fn layers(&self, first: usize, count: usize) -> impl ExactSizeIterator<Item = Layer> + use<'a> {
        let words = window(self.bytes.as_chunks::<4>().0, FIXED_WORDS + 2 * first..);
        words.as_chunks::<2>().0.iter().take(count).map(|[width, activation]| {
            layer(u32::from_le_bytes(*width), u32::from_le_bytes(*activation)).unwrap_or(Layer::bernoulli(1))
        })
    }
}
