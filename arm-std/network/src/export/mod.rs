//! A trained model for a device: the codec's bytes, and as source in Rust and C with what the device must compute.

mod c;
mod golden;
mod rust;

pub use golden::Golden;

use crate::{Model, Network, NumbersName};
use arm_core::Error;
use arm_data::files::{refuse_other, replace_all};
use std::path::Path;

/// `SBN_MAX_LAYERS` of `sbn.h`.
const C_LAYERS: usize = 16;

/// Words that can name no file of C or Rust with what belongs to it.
const KEYWORDS: [&str; 30] = [
    "as", "async", "await", "const", "crate", "dyn", "enum", "extern", "fn", "gen", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "self", "static", "struct", "super", "trait",
    "type", "unsafe", "use", "where", "while",
];

/// A model that is ready for a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The network.
    pub network: Network,
    /// What a device computes with.
    pub numbers: NumbersName,
    /// Its parameters: see [`arm_core::codec`].
    pub bytes: Vec<u8>,
    /// What a device with these parameters computes.
    pub golden: Golden,
}

impl Export {
    /// Exports `model`. Errors: parameters that no step can use, or that diverge at once.
    ///
    /// Cost: twenty passes through the network for each of the [`Golden`] inputs.
    pub fn new(model: &Model) -> Result<Export, Error> {
        let bytes = model.to_device()?;
        let golden = Golden::of(&model.network, model.numbers, &bytes)?;
        Ok(Export { network: model.network.clone(), numbers: model.numbers, bytes, golden })
    }

    /// Writes `NAME.sbn`, `NAME.rs` and `NAME.h`, all of them or none; the last part of `out` is NAME, and a prefix in C.
    ///
    /// Errors: those of [`may_write`](Self::may_write), a network that C has no room for, or a file that cannot be written.
    pub fn write(&self, out: &Path) -> Result<(), String> {
        Export::may_write(out)?;
        let name = out.file_name().unwrap_or_default().to_string_lossy();
        let files = [("sbn", self.bytes.clone()), ("rs", self.rust().into()), ("h", self.c(&name)?.into())];
        let files = files.map(|(extension, contents)| (out.with_extension(extension), contents));
        replace_all(&files).map_err(|(file, e)| format!("{}: cannot be written: {e}", file.display()))
    }

    /// Whether [`write`](Self::write) may. Errors: a name that is none in C, or other files in their place.
    pub fn may_write(out: &Path) -> Result<(), String> {
        let name = out.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let is_folder = out.as_os_str().as_encoded_bytes().ends_with(b"/") || out.is_dir();
        if is_folder || name == "sbn" || KEYWORDS.contains(&name) {
            let what = match name {
                "sbn" => "sbn.h is the library's own; give another name",
                _ if is_folder => "is a folder; add the name of the files",
                _ => "is a word of C or Rust; give another name",
            };
            return Err(format!("--out {}: {what}", out.display()));
        }
        if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
            let what = "the files' name is a prefix in C: lower-case letters, digits and _";
            return Err(format!("--out {}: {what}", out.display()));
        }
        if out.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(format!("--out {}: is a device; give another name", out.display()));
        }
        let starts = [("sbn", "SBNP"), ("rs", "// A trained network for"), ("h", "/* A trained network for")];
        starts.iter().try_for_each(|(end, start)| refuse_other(&out.with_extension(end), &[start.as_bytes()]))
    }

    /// A module in Rust: the network, the bytes and a self-test. It needs `arm_core` and nothing else.
    pub fn rust(&self) -> String {
        rust::module(self)
    }

    /// A header in C, whose names begin with `name`: the network, the bytes and a self-test. It needs `sbn.h`.
    ///
    /// Errors: a network of more layers than the library for C takes.
    pub fn c(&self, name: &str) -> Result<String, String> {
        let layers = self.network.shape().network_layers();
        if layers > C_LAYERS {
            let notation = self.network.notation();
            return Err(format!("{notation} has {layers} layers, but the library for C takes {C_LAYERS}"));
        }
        Ok(c::header(self, name))
    }
}

/// Numbers as hexadecimal literals, `across` in a line.
fn literals<T: std::fmt::LowerHex>(numbers: &[T], across: usize) -> String {
    let width = 2 + 2 * size_of::<T>();
    let line = |part: &[T]| {
        let numbers: Vec<String> = part.iter().map(|n| format!("{n:#0width$x}")).collect();
        format!("    {},\n", numbers.join(", "))
    };
    numbers.chunks(across).map(line).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cases::model;

    #[test]
    fn an_exported_model_is_the_same_every_time() {
        let export = Export::new(&model()).unwrap();
        assert_eq!(Export::new(&model()).unwrap(), export);
        assert_eq!(export.bytes.len(), arm_core::codec::encoded_len(&model().network.shape()));
        let rust = export.rust();
        for part in [
            "Layer::hidden(6, 0.1), Layer::bernoulli(5)",
            "Prior::Learned",
            "[[u32; 2]; 8]",
            &format!("[u8; {}]", export.bytes.len()),
            &format!("{:#010x}", export.golden.learned[7].to_bits()),
        ] {
            assert!(rust.contains(part), "{part} is not in {rust}");
        }
        let c = export.c("gears").unwrap();
        for part in [
            "#define GEARS_ENCODER(H, B) H(40, 6, 0.1f) B(6, 5) B(5, 3)",
            "#define GEARS_DECODER(H, B) B(3, 5) B(5, 40)",
            "gears_inputs[8][2]",
        ] {
            assert!(c.contains(part), "{part} is not in {c}");
        }
    }

    #[test]
    fn a_model_in_integers_has_a_module_and_a_header_of_its_own() {
        let (short, _) = model().rounded().unwrap();
        let export = Export::new(&short).unwrap();
        assert_eq!(export.numbers, NumbersName::I16);
        let rust = export.rust();
        for part in ["use arm_core::kernels::Integer;", "Slices<'_, Integer>", "Learner::integer(SHAPE, Arm"]
        {
            assert!(rust.contains(part), "{part} is not in {rust}");
        }
        // What a device computes is other than what floats with the same parameters do, and near it.
        let float = Export::new(&Model { numbers: NumbersName::F32, ..short }).unwrap();
        assert_ne!(export.golden.bound, float.golden.bound);
        let pairs = export.golden.neg_elbo.iter().zip(&float.golden.neg_elbo);
        assert!(pairs.filter(|(i, f)| (*i - *f).abs() < 0.5).count() > Golden::INPUTS / 2);
        let c = export.c("gears").unwrap();
        for part in [
            "#define GEARS_BYTES \\\n",
            "(SBN_INTEGER_BYTES(GEARS_UNITS, GEARS_ENCODER, GEARS_DECODER, GEARS_PRIOR))",
            "SBN_USE_INTEGERS(0.01f, 1)",
            &format!("gears_parameters[{}]", export.bytes.len()),
        ] {
            assert!(c.contains(part), "{part} is not in {c}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn files_beside_a_device_are_not_made() {
        let message = Export::new(&model()).unwrap().write(Path::new("/dev/null")).unwrap_err();
        assert_eq!(message, "--out /dev/null: is a device; give another name");
        let dir = tempfile::tempdir().unwrap();
        let message = Export::may_write(dir.path()).unwrap_err();
        assert!(message.ends_with("is a folder; add the name of the files"), "{message}");
    }

    #[test]
    fn a_model_that_no_device_can_use_is_refused() {
        let mut bad = model();
        bad.params[3] = f32::NAN;
        assert_eq!(Export::new(&bad), Err(Error::Parameter));
    }
}
