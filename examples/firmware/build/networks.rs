//! Networks as they are written, for the program `counts`.

/// A layer: its width, and whether it is stochastic.
type Layer = (usize, bool);

fn layers(text: &str) -> Vec<Layer> {
    let layer = |item: &str| {
        let item = item.trim();
        let inner = item.strip_prefix('[').and_then(|item| item.strip_suffix(']'));
        let width =
            inner.unwrap_or(item).parse().unwrap_or_else(|_| panic!("{item:?} is no layer in {text:?}"));
        (width, inner.is_some())
    };
    text.split('-').map(layer).collect()
}

fn list(layers: &[Layer]) -> String {
    let one = |&(width, stochastic): &Layer| match stochastic {
        true => format!("Layer::bernoulli({width}), "),
        false => format!("Layer::hidden({width}, 0.1), "),
    };
    format!("&[{}]", layers.iter().map(one).collect::<String>())
}

/// The last layer is what a network is about: its units are stochastic, too.
fn with_end(layers: &[Layer]) -> String {
    let (&(width, _), hidden) = layers.split_last().expect("a last layer");
    list(&[hidden, &[(width, true)]].concat())
}

/// `Network`s for the notation of docs/networks.md, with semicolons between them.
pub(crate) fn networks(all: &str) -> String {
    let network = |text: &str| {
        let text = text.trim();
        let (plain, prior) = match text.strip_suffix(", learned prior") {
            Some(plain) => (plain, "Learned"),
            None => (text, "Fixed"),
        };
        let shape = match plain.split_once('/') {
            Some((up, down)) => {
                let (up, down) = (layers(up), layers(down));
                let (encoder, decoder) = (list(&up[1..]), with_end(&down[1..]));
                format!("Shape::vae({}, {encoder}, {decoder}, Prior::{prior})", up[0].0)
            }
            None => {
                let all = layers(plain);
                let top = all.iter().rposition(|layer| layer.1).expect("a stochastic layer");
                let (chain, output) = (list(&all[1..=top]), with_end(&all[top + 1..]));
                format!("Shape::conditional({}, {chain}, {output})", all[0].0)
            }
        };
        format!("Network {{ name: {text:?}, shape: {shape} }},\n")
    };
    format!("&[{}]", all.split(';').filter(|text| !text.trim().is_empty()).map(network).collect::<String>())
}
