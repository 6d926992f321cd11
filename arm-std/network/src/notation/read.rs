//! Reading what is written.

use super::{Network, Notation, NotationError};
use crate::SLOPE;
use arm_core::Layer;
use arm_core::shape::{MAX_LAYERS, MAX_WIDTH};
use std::ops::Range;
use std::str::FromStr;

/// A width at its place.
#[derive(Clone, Debug)]
struct Item {
    width: Width,
    stochastic: bool,
    /// The place, brackets included.
    at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Width {
    Units(usize),
    /// `x` or `y`.
    Open(char),
}

struct Reader<'t> {
    text: &'t str,
    chars: Vec<char>,
    at: usize,
}

type Read<T> = Result<T, NotationError>;

impl Reader<'_> {
    fn error<T>(&self, what: impl Into<String>, at: Range<usize>) -> Read<T> {
        Err(NotationError::new(what, self.text, at))
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.chars.get(self.at).copied()
    }

    /// Takes `c` if it comes next.
    fn take(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.at += usize::from(is_next);
        is_next
    }

    /// The character that should not be here, or the end.
    fn unexpected<T>(&mut self, what: &str) -> Read<T> {
        let end = self.peek().is_none();
        // The end is where the last character was, not behind the white space.
        let at = if end { self.text.trim_end().chars().count() } else { self.at };
        self.error(what, at..at + 1)
    }

    fn width(&mut self) -> Read<(Width, Range<usize>)> {
        let open = self.peek();
        let first = self.at;
        if let Some(c @ ('x' | 'y')) = open {
            self.at += 1;
            return Ok((Width::Open(c), first..self.at));
        }
        while self.chars.get(self.at).is_some_and(char::is_ascii_digit) {
            self.at += 1;
        }
        let digits: String = self.chars[first..self.at].iter().collect();
        if digits.is_empty() {
            return self.unexpected(
                "expected the width of a layer: a number such as 16, in brackets where it is \
                                    stochastic; x is the width of the data",
            );
        }
        // More digits than a number holds are too many units as well.
        let units = digits.parse().unwrap_or(usize::MAX);
        if units > MAX_WIDTH {
            return self.error(format!("a layer has at most {MAX_WIDTH} units"), first..self.at);
        }
        Ok((Width::Units(units), first..self.at))
    }

    fn item(&mut self) -> Read<Item> {
        if !self.take('[') {
            let (width, at) = self.width()?;
            return Ok(Item { width, stochastic: false, at });
        }
        let first = self.at - 1;
        let (width, _) = self.width()?;
        if !self.take(']') {
            return self.unexpected("expected ] behind the width of a stochastic layer");
        }
        Ok(Item { width, stochastic: true, at: first..self.at })
    }

    /// Widths with dashes between them.
    fn items(&mut self) -> Read<Vec<Item>> {
        let mut items = vec![self.item()?];
        while self.take('-') {
            items.push(self.item()?);
        }
        Ok(items)
    }

    fn layer(&self, item: &Item) -> Read<Layer> {
        match item.width {
            Width::Units(0) => self.error("a layer needs one unit or more", item.at.clone()),
            Width::Units(width) if item.stochastic => Ok(Layer::bernoulli(width)),
            Width::Units(width) => Ok(Layer::hidden(width, SLOPE)),
            Width::Open(_) => self.error(
                "x is the width of the data and stands at the ends only; this layer needs a number",
                item.at.clone(),
            ),
        }
    }

    fn layers(&self, items: &[Item]) -> Read<Vec<Layer>> {
        items.iter().map(|item| self.layer(item)).collect()
    }

    /// The width of an end, which is `open` or a number.
    fn end(&self, item: &Item, open: char, what: &str) -> Read<Option<usize>> {
        match item.width {
            _ if item.stochastic => {
                self.error(format!("{what} has no brackets: it is no layer that is sampled"), item.at.clone())
            }
            Width::Open(c) if c == open => Ok(None),
            Width::Open(_) => {
                self.error(format!("expected {open}, or a number: {what} is no other"), item.at.clone())
            }
            Width::Units(n) => Ok(Some(n)),
        }
    }

    /// `up` alone: input, chain, target.
    fn conditional(&self, up: &[Item]) -> Read<Notation> {
        let ([first, middle @ .., last], Some(top)) = (up, up.iter().rposition(|item| item.stochastic))
        else {
            return self.error(
                "no layer is stochastic: write the width of one that is in brackets, such as [16]",
                up[0].at.start..up[up.len() - 1].at.end,
            );
        };
        let input = self.end(first, 'x', "the input")?;
        if top == up.len() - 1 {
            self.layers(middle)?;
            let width = |item: &Item| match item.width {
                Width::Units(n) if item.stochastic => format!("[{n}]"),
                Width::Units(n) => n.to_string(),
                Width::Open(c) => c.to_string(),
            };
            let down: Vec<String> = up.iter().rev().map(width).collect();
            let what = format!(
                "expected the way back down, such as ` / {}`, or for a conditional network the width of its target, such \
                 as `-y`",
                down.join("-")
            );
            return self.error(what, last.at.end..last.at.end + 1);
        }
        let end = self.end(last, 'y', "the target")?;
        if end == Some(0) {
            self.layer(last)?;
        }
        let layers = self.layers(middle)?;
        let (encoder, decoder) = layers.split_at(top);
        Ok(Notation { input, encoder: encoder.into(), decoder: decoder.into(), end, conditional: true })
    }

    /// `up` to the top stochastic layer, and `down` from it.
    fn vae(&self, up: &[Item], down: &[Item]) -> Read<Notation> {
        let (first, top) = (&up[0], &up[up.len() - 1]);
        let input = self.end(first, 'x', "the input")?;
        if input == Some(0) {
            self.layer(first)?;
        }
        if up.len() == 1 || !top.stochastic {
            let what = "the part before the slash ends in a stochastic layer, with its width in brackets";
            let such = if up.len() > 1 { format!("{what}: [{}]", top.word()) } else { what.into() };
            return self.error(such, top.at.clone());
        }
        let encoder = self.layers(&up[1..])?;
        let mut below: Vec<Layer> = encoder.iter().copied().filter(|l| l.stochastic()).collect();
        let mut next = |what: &str, item: &Item| {
            let expected = below.pop();
            let found = if item.stochastic { Some(self.layer(item)?) } else { None };
            match expected {
                _ if found.is_some() && found == expected => Ok(()),
                Some(layer) => self.error(format!("expected [{}], {what}", layer.width()), item.at.clone()),
                None => self.error(
                    "the part before the slash has no stochastic layer left for this",
                    item.at.clone(),
                ),
            }
        };
        next("the top layer of the part before the slash", &down[0])?;
        let [_, middle @ .., last] = down else {
            return self.error(
                format!("expected the way back down to the input, such as `-{}`", first.word()),
                down[0].at.end..down[0].at.end + 1,
            );
        };
        for item in middle.iter().filter(|item| item.stochastic) {
            next("the next stochastic layer down of the part before the slash", item)?;
        }
        if let Some(layer) = below.last() {
            let what = format!(
                "expected [{}] before this: stochastic layers of the part before the slash come in reverse",
                layer.width()
            );
            return self.error(what, last.at.clone());
        }
        let end = self.end(last, 'x', "the end")?;
        if end != input {
            let what = format!("expected {}, the width of the input", first.word());
            return self.error(what, last.at.clone());
        }
        Ok(Notation { input, encoder, decoder: self.layers(middle)?, end, conditional: false })
    }
}

impl Item {
    fn word(&self) -> String {
        match self.width {
            Width::Units(n) => n.to_string(),
            Width::Open(c) => c.to_string(),
        }
    }
}

/// Reads a notation. Errors show the place and say what is expected there.
impl FromStr for Notation {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Notation, NotationError> {
        let mut reader = Reader { text, chars: text.chars().collect(), at: 0 };
        let up = reader.items()?;
        let down = if reader.take('/') { Some(reader.items()?) } else { None };
        if reader.peek().is_some() {
            return reader.unexpected(match down {
                None => "expected - and the next layer, / and the way back down, or the end",
                Some(_) => "expected - and the next layer, or the end",
            });
        }
        // The input is no layer, nor is the top layer when it is named again.
        let layers = up.iter().skip(1).chain(down.iter().flatten().skip(1));
        if let Some(item) = layers.clone().nth(MAX_LAYERS) {
            return reader.error(format!("a network has at most {MAX_LAYERS} layers"), item.at.clone());
        }
        match down {
            Some(down) => reader.vae(&up, &down),
            None => reader.conditional(&up),
        }
    }
}

/// Reads a notation in which every width is a number, with hidden layers of slope [`SLOPE`], a fixed prior and units 0
/// and 1. Errors show the place and say what is expected there.
impl FromStr for Network {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Network, NotationError> {
        let notation: Notation = text.parse()?;
        let open = |c: char| {
            let at = text.chars().position(|d| d == c).unwrap_or_default();
            Err(NotationError::new(
                format!("expected a number: no data are here to tell {c}"),
                text,
                at..at + 1,
            ))
        };
        match (notation.input, notation.end) {
            (None, _) => open('x'),
            (_, None) => open('y'),
            (Some(x), Some(y)) => notation.network(if notation.conditional { x + y } else { x }),
        }
    }
}
