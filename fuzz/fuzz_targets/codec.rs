//! Parameters as bytes, with a checksum that is right, so that a fuzzer gets past it.

#![no_main]

use arm_core::{Coding, Codings, Layer, Prior, Shape, codec};
use libfuzzer_sys::fuzz_target;

const ENCODER: [Layer; 2] = [Layer::hidden(3, 0.1), Layer::bernoulli(2)];
const DECODER: [Layer; 1] = [Layer::bernoulli(4)];
const SHAPE: Shape<'static> = Shape::vae(4, &ENCODER, &DECODER, Prior::Learned);
const CODINGS: Codings<'static> = Codings { x: Coding::Centred(&[0.5, 0.0, 1.0, 0.25]), b: Coding::Signed };

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some((content, _)) = bytes.split_last_chunk::<4>() {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        check(&[content, &crc.sum().to_le_bytes()].concat());
    }
});

fn check(bytes: &[u8]) {
    if let Ok(header) = codec::Header::read(bytes) {
        let layers: Vec<Layer> = header.encoder().collect();
        let decoder: Vec<Layer> = header.decoder().collect();
        let shape = if header.is_conditional() {
            Shape::conditional(header.inputs(), &layers, &decoder)
        } else {
            Shape::vae(header.inputs(), &layers, &decoder, header.prior())
        };
        if let Ok(codings) = header.codings(&mut vec![0.0; header.inputs()]) {
            let _ = shape.coded(&codings).check();
        }
    }
    for shape in [SHAPE, SHAPE.coded(&CODINGS), Shape::conditional(4, &ENCODER, &DECODER)] {
        read(&shape, bytes);
    }
}

fn read(shape: &Shape<'_>, bytes: &[u8]) {
    let before = vec![0.25; shape.params()];
    let mut params = before.clone();
    match codec::decode(shape, bytes, &mut params) {
        Ok(steps) => {
            let mut out = vec![0; codec::encoded_len(shape)];
            assert_eq!(codec::encode_into(shape, &params, steps, &mut out), Ok(out.len()));
            let mut again = before;
            assert_eq!(codec::decode(shape, &out, &mut again), Ok(steps));
            let bits = |params: Vec<f32>| params.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(again), bits(params), "what is written is read back");
        }
        Err(_) => assert_eq!(params, before, "refused bytes change nothing"),
    }
}
