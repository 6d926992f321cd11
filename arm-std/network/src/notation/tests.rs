use super::*;
use crate::SLOPE;
use arm_core::rng::{Purpose, Stream};

fn parse(text: &str) -> Result<Notation, NotationError> {
    text.parse()
}

/// A number from `low` to `high`.
fn pick(stream: &mut Stream, low: usize, high: usize) -> usize {
    low + (stream.uniform() * (high - low + 1) as f32) as usize
}

/// Any network, of up to four stochastic layers with up to two hidden ones before each.
fn random(seed: u64) -> Network {
    let mut stream = Stream::new(seed, Purpose::Generate, 0, 0, 0);
    let s = &mut stream;
    let hidden = |s: &mut Stream| -> Vec<Layer> {
        (0..pick(s, 0, 2)).map(|_| Layer::hidden(pick(s, 1, 300), SLOPE)).collect()
    };
    let conditional = s.uniform() < 0.3;
    let inputs = pick(s, usize::from(!conditional), 900);
    let stochastic: Vec<usize> = (0..pick(s, 1, 4)).map(|_| pick(s, 1, 300)).collect();
    let (mut encoder, mut decoder) = (vec![], vec![]);
    for &width in &stochastic {
        encoder.extend(hidden(s));
        encoder.push(Layer::bernoulli(width));
    }
    if !conditional {
        for &width in stochastic.iter().rev().skip(1) {
            decoder.extend(hidden(s));
            decoder.push(Layer::bernoulli(width));
        }
    }
    decoder.extend(hidden(s));
    decoder.push(Layer::bernoulli(if conditional { pick(s, 1, 900) } else { inputs }));
    Network { inputs, encoder, decoder, prior: Prior::Fixed, codings: None, conditional }
}

#[test]
fn every_network_is_read_as_it_is_written() {
    for seed in 0..2000 {
        let network = random(seed);
        assert_eq!(network.shape().check(), Ok(()), "{network:?}");
        let text = network.notation();
        assert_eq!(text.parse(), Ok(network.clone()), "{text}");
        assert_eq!(text.replace('-', "\t- ").replace('[', "[ ").parse(), Ok(network.clone()), "{text}");
        let units = network.units();
        assert_eq!(parse(&text).unwrap().network(units), Ok(network), "{text}");
        assert_eq!(parse(&text).unwrap().to_string(), text);
    }
}

#[test]
fn x_and_y_are_what_the_data_leave() {
    let of = |text: &str, columns| parse(text).unwrap().network(columns).map(|n| n.notation());
    for (text, columns, network) in [
        ("x-32-[16] / [16]-32-x", 64, "64-32-[16] / [16]-32-64"),
        (" x - [ 9 ]\n-[4]/[4]-[9]-x ", 5, "5-[9]-[4] / [4]-[9]-5"),
        ("x-[20]-[20]-8", 30, "22-[20]-[20]-8"),
        ("22-[20]-30-y", 30, "22-[20]-30-8"),
        ("x-[20]-[20]-y", 31, "15-[20]-[20]-16"),
        ("0-[20]-y", 31, "0-[20]-31"),
    ] {
        assert_eq!(of(text, columns).as_deref(), Ok(network));
        let open = parse(text).unwrap();
        assert_eq!(parse(&open.to_string()), Ok(open));
    }
    for (text, columns, place) in [
        ("64-[16] / [16]-64", 60, "^^"),
        ("x-[2]-8", 8, "      ^"),
        ("8-[2]-y", 8, "^"),
        ("x-[2]-y", 1, "^"),
        ("3-[2]-8", 10, "      ^"),
    ] {
        let message = of(text, columns).unwrap_err().to_string();
        let (told, line) = (message.lines().next().unwrap(), message.lines().last().unwrap());
        assert!(told.contains(&columns.to_string()), "{message}");
        assert_eq!(line, format!("  {place}"), "{message}");
    }
}

#[test]
fn what_is_wrong_is_told_with_a_caret_under_the_place() {
    for (text, place, word) in [
        ("", "^", "expected the width"),
        ("64-32-[16 / [16]-32-64", "          ^", "expected ]"),
        ("64-32-[16] / [16]-32-6x", "                      ^", "or the end"),
        ("64--[16] / [16]-64", "   ^", "expected the width"),
        ("64-32-[16]  ", "          ^", "[16]-32-64"),
        ("64-32-16", "^^^^^^^^", "no layer is stochastic"),
        ("64", "^^", "no layer is stochastic"),
        ("64-32-16 / [16]-32-64", "      ^^", "ends in a stochastic layer"),
        ("64 / [64]-64", "^^", "ends in a stochastic layer"),
        ("64-[16] / [8]-64", "          ^^^", "expected [16]"),
        ("64-[16] / 16-64", "          ^^", "expected [16]"),
        ("64-[16] / [16]", "              ^", "`-64`"),
        ("64-[16] / [16]-32", "               ^^", "expected 64"),
        ("x-[16] / [16]-32", "              ^^", "expected x"),
        ("64-[16] / [16]-[64]", "               ^^^^", "no brackets"),
        ("64-[16]-[8] / [8]-64", "                  ^^", "expected [16] before"),
        ("64-[16]-[8] / [8]-[9]-64", "                  ^^^", "expected [16]"),
        ("64-[8] / [8]-[8]-64", "             ^^^", "no stochastic layer left"),
        ("64-[8] / [8]-64 / [8]", "                ^", "or the end"),
        ("[64]-[8] / [8]-64", "^^^^", "no brackets"),
        ("x-x-[8] / [8]-x", "  ^", "at the ends only"),
        ("x-[x] / [x]-x", "  ^^^", "at the ends only"),
        ("y-[8] / [8]-y", "^", "expected x"),
        ("x-[8]-x", "      ^", "expected y"),
        ("64-[0] / [0]-64", "   ^^^", "one unit or more"),
        ("0-[8] / [8]-0", "^", "one unit or more"),
        ("8-[8]-0", "      ^", "one unit or more"),
        ("64-16385-[8] / [8]-64", "   ^^^^^", "16384"),
        ("64-99999999999999999999999-[8]", "   ^^^^^^^^^^^^^^^^^^^^^^^", "16384"),
        ("64–[8] / [8]–64", "  ^", "expected -"),
        ("é-[8]", "^", "expected the width"),
    ] {
        let message = parse(text).expect_err(text).to_string();
        let lines: Vec<&str> = message.lines().collect();
        assert!(lines[0].contains(word), "{message}");
        assert_eq!(lines[1..], [format!("  {text}"), format!("  {place}")], "{message}");
    }
    let long = format!("9{}-9", "-[9]".repeat(64));
    assert!(parse(&long).unwrap_err().to_string().contains("at most 64 layers"));
    assert!("x-[8] / [8]-x".parse::<Network>().unwrap_err().to_string().ends_with("\n  ^"));
    assert!("8-[8]-y".parse::<Network>().unwrap_err().to_string().ends_with("\n        ^"));
}

#[test]
fn no_text_is_too_odd_to_be_refused() {
    const LETTERS: [char; 16] =
        ['x', 'y', '[', ']', '-', '/', ' ', '0', '1', '8', '8', '\n', '–', '💾', '[', '-'];
    for seed in 0..20_000 {
        let mut stream = Stream::new(seed, Purpose::Generate, 0, 0, 0);
        let text: String = (0..pick(&mut stream, 0, 14)).map(|_| LETTERS[pick(&mut stream, 0, 15)]).collect();
        match parse(&text) {
            Ok(notation) => assert_eq!(parse(&notation.to_string()), Ok(notation), "{text}"),
            Err(error) => assert_eq!(error.to_string().lines().count(), 3, "{error}"),
        }
    }
}
