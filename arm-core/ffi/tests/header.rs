//! The checked-in header is the one cbindgen makes of this crate. `SBN_WRITE=1` writes it.

use std::path::Path;

#[test]
fn the_header_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let sources =
        ["status", "types", "kind", "create", "learn", "ask", "bytes", "record", "windows", "detector"]
            .map(|name| root.join(format!("src/{name}.rs")));
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), |b, s| b.with_src(s));
    let mut bytes = vec![];
    builder.generate().unwrap().write(&mut bytes);
    let made = String::from_utf8(bytes).unwrap().replace("// # Safety\n//\n// ", "// Safe when: ");
    let path = root.join("include/sbn.h");
    if std::env::var_os("SBN_WRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "include/sbn.h is not current: run SBN_WRITE=1 cargo test -p arm-core-ffi --test header"
    );
}
