extern crate std;
use super::*;
use crate::numeric::LIMIT;
use crate::shape::init::glorot;
use crate::shape::{Codings, Layer, Prior};
use std::vec;
use std::vec::Vec;

const fn h(width: usize) -> Layer {
    Layer::hidden(width, 0.1)
}
const fn b(width: usize) -> Layer {
    Layer::bernoulli(width)
}
const DEEP: Shape = Shape::vae(5, &[h(4), b(3), b(2)], &[b(3), h(4), b(5)], Prior::Learned);

fn params(shape: &Shape<'_>) -> Vec<f32> {
    let mut params = vec![0.0; shape.params()];
    glorot(shape, 3, &mut params).unwrap();
    params
}

fn bytes(shape: &Shape<'_>) -> Vec<u8> {
    let mut bytes = vec![0; encoded_len(shape)];
    assert_eq!(encode_into(shape, &params(shape), 1 << 40 | 9, &mut bytes), Ok(bytes.len()));
    bytes
}

/// Puts the right CRC behind changed bytes.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let n = bytes.len() - 4;
    let crc = CRC.checksum(&bytes[..n]);
    bytes[n..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn refused(shape: &Shape<'_>, bytes: &[u8]) -> Error {
    let mut params = vec![7.0; shape.params()];
    let error = decode(shape, bytes, &mut params).unwrap_err();
    assert!(params.iter().all(|&p| p == 7.0), "{error:?} changed a parameter");
    error
}

#[test]
fn every_stride_has_the_same_bytes() {
    let wide = DEEP.padded(16);
    assert_eq!(encoded_len(&wide), encoded_len(&DEEP));
    let dense: usize = (0..DEEP.dense_layers()).map(|i| DEEP.dense(i).len()).sum();
    assert_eq!(encoded_len(&DEEP), 4 * (6 + 2 * 6 + dense + 1));
    assert_eq!(bytes(&wide), bytes(&DEEP));
    let mut loaded = vec![7.0; wide.params()];
    assert_eq!(decode(&wide, &bytes(&DEEP), &mut loaded), Ok(1 << 40 | 9));
    assert_eq!(loaded, params(&wide));
    let free = Shape::chain(0, &const { [b(9)] });
    let mut loaded = vec![7.0; 9];
    assert_eq!(decode(&free, &bytes(&free), &mut loaded), Ok(1 << 40 | 9));
    assert_eq!(loaded, params(&free));
}

#[test]
fn the_format_is_fixed() {
    let layers = [Layer::hidden(1, 0.25), b(1)];
    let shape = Shape::chain(2, &layers);
    let mut bytes = [0; 64];
    let n = encode_into(&shape, &[1.0, -2.0, 0.5, 3.0, -0.0], 258, &mut bytes).unwrap();
    let words: Vec<u32> = bytes[..n].chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect();
    let expected = [
        0x504e_4253,
        0x0002_0001,
        0,
        2,
        258,
        0,
        1,
        0x3e80_0000,
        0x8000_0001,
        0x3f80_0000,
        0x3f80_0000,
        0xc000_0000,
        0x3f00_0000,
        0x4040_0000,
        0x8000_0000,
    ];
    assert_eq!(words[..15], expected);
    // zlib.crc32 of the sixty bytes.
    assert_eq!((words.len(), words[15]), (16, 0xf0fd_4748));
}

#[test]
fn a_network_is_known_from_its_bytes() {
    let bytes = bytes(&DEEP);
    let header = Header::read(&bytes).unwrap();
    let encoder: Vec<Layer> = header.encoder().collect();
    let decoder: Vec<Layer> = header.decoder().collect();
    assert_eq!(Shape::vae(header.inputs(), &encoder, &decoder, header.prior()), DEEP);
    assert_eq!(header.steps(), 1 << 40 | 9);
    assert!(Header::read(&bytes[1..]).is_err());
}

#[test]
fn a_target_and_the_numbers_of_units_are_part_of_the_network() {
    let (chain, output) = ([b(3)], [b(2)]);
    let plain = Shape::conditional(4, &chain, &output);
    let centred = Codings { x: Coding::Centred(&[0.5; 4]), b: Coding::ZeroOne };
    let all = [
        plain,
        Shape::chain(4, &chain),
        plain.coded(&Codings { x: Coding::Signed, b: Coding::ZeroOne }),
        plain.coded(&centred),
        plain.coded(&Codings { x: Coding::ZeroOne, b: Coding::Signed }),
    ];
    for (i, shape) in all.iter().enumerate() {
        let bytes = bytes(shape);
        assert_eq!(Header::read(&bytes).unwrap().is_conditional(), shape.is_conditional());
        for (j, other) in all.iter().enumerate() {
            let mut params = vec![0.0; other.params()];
            assert_eq!(decode(other, &bytes, &mut params).is_ok(), i == j, "{i} {j}");
        }
    }
}

const CODED: Codings<'static> = Codings { x: Coding::Centred(&[0.25, 0.0, 1.0]), b: Coding::Signed };
const CENTRED_VAE: Shape<'static> = Shape::vae(3, &[b(2)], &[b(3)], Prior::Learned).coded(&CODED);

#[test]
fn the_bytes_hold_the_means_of_centred_inputs() {
    let good = bytes(&CENTRED_VAE);
    let header = Header::read(&good).unwrap();
    let mut means = [7.0; 3];
    assert_eq!(header.codings(&mut means), Ok(CODED));
    assert!(header.codings(&mut [0.0; 2]).is_err());
    let mut loaded = vec![7.0; CENTRED_VAE.params()];
    assert_eq!(decode(&CENTRED_VAE, &good, &mut loaded), Ok(1 << 40 | 9));
    assert_eq!(loaded, params(&CENTRED_VAE));
    let other = Codings { x: Coding::Centred(&[0.25, 0.0, 0.5]), ..CODED };
    assert_eq!(refused(&CENTRED_VAE.coded(&other), &good), Error::OtherShape);
    for (x, b) in [Coding::ZeroOne, Coding::Signed].into_iter().flat_map(|x| [(x, x), (x, Coding::Signed)]) {
        let codings = Codings { x, b };
        let bytes = bytes(&CENTRED_VAE.coded(&codings));
        assert_eq!((bytes[4], Header::read(&bytes).unwrap().codings(&mut means)), (1, Ok(codings)));
    }
}

#[test]
fn version_1_had_no_means() {
    let old = include_bytes!("version1-centred.sbn");
    assert_eq!(old[4], 1);
    let mut loaded = vec![7.0; CENTRED_VAE.params()];
    assert_eq!(decode(&CENTRED_VAE, old, &mut loaded), Ok(77));
    assert!(loaded.iter().enumerate().all(|(i, &p)| p == i as f32 / 4.0 - 2.0), "{loaded:?}");
    assert_eq!(Header::read(old).unwrap().codings(&mut [0.0; 3]), Err(Error::Older));
}

#[test]
fn every_flipped_bit_is_noticed() {
    for shape in [DEEP, CENTRED_VAE] {
        flip_every_bit(shape);
    }
}

fn flip_every_bit(shape: Shape<'_>) {
    let good = bytes(&shape);
    for bit in 0..8 * good.len() {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = refused(&shape, &bad);
        assert!(Header::read(&bad).is_err());
        let expected = match bit / 8 {
            0..4 => error == Error::Magic,
            // One bit may make another version that is read.
            4..6 => matches!(error, Error::Newer | Error::Older | Error::Corrupt),
            _ => error == Error::Corrupt || matches!(error, Error::Length { .. }),
        };
        assert!(expected, "bit {bit}: {error:?}");
    }
}

#[test]
fn every_cut_and_every_tail_is_noticed() {
    let good = bytes(&DEEP);
    for n in 0..good.len() {
        assert!(matches!(refused(&DEEP, &good[..n]), Error::Length { given, .. } if given == n), "{n}");
    }
    for tail in 1..9 {
        let mut long = good.clone();
        long.resize(good.len() + tail, 0);
        assert_eq!(refused(&DEEP, &long), Error::Length { needed: good.len(), given: long.len() });
    }
    assert!(refused(&DEEP, &[]).message().contains("cut off"));
}

#[test]
fn versions_before_and_after_are_told_apart() {
    let mut old = bytes(&DEEP);
    old[4] = 0;
    assert_eq!(refused(&DEEP, &sealed(old)), Error::Older);
    let mut new = bytes(&DEEP);
    new[4] = VERSION as u8 + 1;
    assert_eq!(refused(&DEEP, &sealed(new)), Error::Newer);
}

/// Parameters of 16 bits: half the bytes, and they say so.
#[test]
fn short_parameters() {
    // An odd number of them, so that half a word is left over.
    for shape in [DEEP, Shape::chain(4, &const { [b(3)] }).padded(2)] {
        let count = rows(&shape, &vec![0i16; shape.params()]).flatten().count();
        let mut params: Vec<i16> = (0..shape.params()).map(|i| (i as i16).wrapping_mul(7919)).collect();
        let mut bytes = vec![0; encoded_len_of::<i16>(&shape)];
        assert_eq!(bytes.len(), 4 * (header_words(&shape) + count.div_ceil(2) + 1));
        assert_eq!(encode_into(&shape, &params, 1 << 40, &mut bytes), Ok(bytes.len()));
        let header = Header::read(&bytes).unwrap();
        assert!(header.is_short() && header.steps() == 1 << 40 && header.inputs() == shape.inputs());
        let mut read = vec![1i16; shape.params()];
        assert_eq!(decode(&shape, &bytes, &mut read), Ok(1 << 40));
        // Padding is not stored.
        for i in 0..shape.dense_layers() {
            let dense = shape.dense(i);
            let layer = &mut params[dense.offset..dense.offset + dense.len()];
            layer.chunks_mut(dense.stride).for_each(|row| row[dense.outputs..].fill(0));
        }
        assert_eq!(read, params);
        let mut floats = vec![0.5; shape.params()];
        assert_eq!(decode(&shape, &bytes, &mut floats), Err(Error::OtherNumbers));
        let mut long = vec![0; encoded_len(&shape)];
        encode_into(&shape, &floats, 0, &mut long).unwrap();
        assert_eq!(decode(&shape, &long, &mut read), Err(Error::OtherNumbers));
        assert!(floats.iter().all(|p| *p == 0.5) && read == params);
        for bit in 0..8 * bytes.len() {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&shape, &bad, &mut read).is_err() && Header::read(&bad).is_err(), "bit {bit}");
        }
        assert_eq!(read, params);
    }
}

#[test]
fn foreign_networks_are_refused_as_such() {
    for other in [
        Shape::vae(6, &const { [h(4), b(3), b(2)] }, &const { [b(3), h(4), b(6)] }, Prior::Learned),
        Shape::vae(5, &const { [h(4), b(3), b(2)] }, &const { [b(3), h(4), b(5)] }, Prior::Fixed),
        Shape::vae(5, &const { [b(4), b(3), b(2)] }, &const { [b(3), b(4), b(5)] }, Prior::Learned),
        Shape::vae(
            5,
            &const { [Layer::hidden(4, 0.2), b(3), b(2)] },
            &const { [b(3), h(4), b(5)] },
            Prior::Learned,
        ),
        Shape::vae(5, &const { [h(4), b(3), b(2)] }, &const { [b(3), b(5)] }, Prior::Learned),
        Shape::chain(5, &const { [h(4), b(3), b(2)] }),
    ] {
        assert_eq!(refused(&DEEP, &bytes(&other)), Error::OtherShape);
        assert_eq!(refused(&other, &bytes(&DEEP)), Error::OtherShape);
    }
}

#[test]
fn parameters_no_step_can_use_are_refused_both_ways() {
    let at = encoded_len(&DEEP) - 8;
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.1 * LIMIT] {
        let mut bad = bytes(&DEEP);
        bad[at..at + 4].copy_from_slice(&value.to_bits().to_le_bytes());
        assert_eq!(refused(&DEEP, &sealed(bad)), Error::Parameter);
        let mut params = params(&DEEP);
        params[3] = value;
        let mut pieces = 0;
        let mut sink = |_: &[u8]| {
            pieces += 1;
            Ok::<(), Error>(())
        };
        assert_eq!(encode(&DEEP, &params, 0, &mut sink), Err(Error::Parameter));
        assert_eq!(pieces, 0);
    }
}

#[test]
fn sizes_are_checked_and_a_sinks_error_comes_through() {
    let params = params(&DEEP);
    let mut short = vec![0; encoded_len(&DEEP) - 1];
    assert!(matches!(encode_into(&DEEP, &params, 0, &mut short), Err(Error::Size { .. })));
    assert!(matches!(encode_into(&DEEP, &params[1..], 0, &mut [0; 999]), Err(Error::Size { .. })));
    assert!(matches!(decode(&DEEP, &bytes(&DEEP), &mut [0.0; 3]), Err(Error::Size { .. })));
    let mut left = 2;
    let full = encode(&DEEP, &params, 0, |piece| {
        assert_eq!(piece.len(), PIECE);
        left -= 1;
        if left == 0 { Err(Error::Busy) } else { Ok(()) }
    });
    assert_eq!(full, Err(Error::Busy));
}

/// Bytes of which one bit is wrong when they are read for the second time.
struct Fading<'a> {
    bytes: &'a [u8],
    bit: usize,
    read: usize,
}

impl Source for Fading<'_> {
    type Error = Error;

    fn size(&self) -> usize {
        self.bytes.len()
    }

    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        out.copy_from_slice(&self.bytes[offset..offset + out.len()]);
        self.read += out.len();
        if self.read > self.bytes.len()
            && let Some(byte) = (self.bit / 8).checked_sub(offset).and_then(|at| out.get_mut(at))
        {
            *byte ^= 1 << (self.bit % 8);
        }
        Ok(())
    }
}

#[test]
fn a_second_reading_that_differs_is_noticed() {
    let shape = Shape::vae(7, &const { [h(4), b(3)] }, &const { [h(5), b(7)] }, Prior::Fixed);
    let bytes = bytes(&shape);
    let mut params = vec![0.0; shape.params()];
    for bit in 0..8 * bytes.len() {
        let mut source = Fading { bytes: &bytes, bit, read: 0 };
        assert_eq!(decode_from(&shape, &mut source, &mut params), Err(Error::Corrupt), "{bit}");
    }
    let mut source = Fading { bytes: &bytes, bit: usize::MAX, read: 0 };
    assert!(decode_from(&shape, &mut source, &mut params).is_ok());
}
