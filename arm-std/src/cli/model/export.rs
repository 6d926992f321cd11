//! `arm export`.

use super::subject::model_file;
use crate::cli::{Outcome, Usage, args, say};
use arm_std::files::{refuse_other, replace_all};
use arm_std::network::Model;
use arm_std::network::export::Export;

pub(in crate::cli) fn run(args: &args::Export) -> Outcome {
    let name = args.out.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let letter = |c: char| c.is_ascii_lowercase() || c == '_';
    if !name.starts_with(letter) || !name.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        let what = "the files' name is a prefix in C: lower-case letters, digits and _";
        return Err(Usage(format!("--out {}: {what}", args.out.display())).into());
    }
    for (extension, start) in
        [("sbn", "SBNP"), ("rs", "// A trained network for"), ("h", "/* A trained network for")]
    {
        refuse_other(&args.out.with_extension(extension), &[start.as_bytes()]).map_err(Usage)?;
    }
    let path = model_file(&args.model);
    let model = Model::load(&path)?;
    let export = Export::new(&model).map_err(|e| format!("{}: {e}", path.display()))?;
    let c = export.c(name).map_err(|e| format!("{}: {e}", path.display()))?;
    let files = [("sbn", export.bytes.clone()), ("rs", export.rust().into()), ("h", c.into())];
    let files = files.map(|(extension, contents)| (args.out.with_extension(extension), contents));
    replace_all(&files).map_err(|(file, e)| format!("{}: cannot be written: {e}", file.display()))?;
    let out = args.out.display();
    say(format_args!("{}  {} parameters", model.network.notation(), model.params.len()))?;
    let size = export.bytes.len();
    say(format_args!("{out}.sbn ({size} bytes), {out}.rs and {out}.h with a self-test"))?;
    Ok(())
}
