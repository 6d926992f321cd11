//! The report of a run: one HTML file that needs nothing else, neither files nor the network.

mod charts;
mod shown;

pub use charts::curves;
pub use shown::{Picture, Shown};

use crate::data::BitTable;
use crate::network::Model;
use crate::runs::folder::{CURVES, REPORT, RunFolder};
use crate::runs::list::{Summary, duration};
use crate::train::{Failure, Restored};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use charts::apart;
use serde_json::Value;
use std::fmt::Write;

/// Writes the report of the run in `folder`, and the pictures and curves that it shows as files of their own. `model` is
/// that of the best epoch so far; `test` gives the examples to reconstruct or predict. Cost: 140 examples through the network, or
/// 40 times 20 through a conditional one.
///
/// # Errors
/// Metrics that cannot be read, or files that cannot be written.
pub fn refresh(folder: &RunFolder, model: &Model, test: &BitTable, seed: u64) -> Result<(), Failure> {
    let Some(run) = Summary::read(folder.path())? else { return Ok(()) };
    let shown = Shown::of(model, test, seed)?;
    let page = html(&run, model, &apart(&run.epochs)?, &shown);
    folder.write(REPORT, page.as_bytes())?;
    folder.write(CURVES, curves(&run.epochs)?.as_bytes())?;
    shown.pictures.iter().try_for_each(|picture| Ok(folder.write(picture.file, &picture.png)?))
}

/// The report of `run` with charts of its curves and what is shown of the model of its best epoch so far. While the run goes on the page loads itself again every
/// 20 seconds.
pub fn html(run: &Summary, model: &Model, curves: &[String], shown: &Shown) -> String {
    let name = escape(&run.run.file_name().unwrap_or(run.run.as_os_str()).to_string_lossy());
    let settings = serde_json::to_value(&run.config).unwrap_or_default();
    let done = run.test.is_some();
    let again = if done { "" } else { "<meta http-equiv=\"refresh\" content=\"20\">\n" };
    let state = if done { "done".into() } else { format!("step {} of {}", run.step, run.config.steps) };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{again}\
         <title>{name}</title>\n<style>\n{style}</style>\n</head>\n<body>\n\
         <header><h1>{name}</h1>\n\
         <p class=\"muted\">{preset}{estimator} · {notation} · {count} parameters · \
         <span class=\"state\">{state}</span></p></header>\n\
         <div class=\"tiles\">{tiles}</div>\n\
         <h2>Curves</h2>\n<div class=\"pair\">{curves}</div>\n\
         <h2>The model of epoch {epoch}</h2>\n<div class=\"pair\">{shares}{pictures}</div>\n\
         {restored}<h2>Configuration</h2>\n<dl>{configuration}</dl>\n\
         <footer>All figures in nats. −ELBO: one sample an example. Gradient variance: mean over the encoder's \
         parameters, over draws for one fixed batch. The data are in metrics.jsonl and config.toml.</footer>\n\
         </body>\n</html>\n",
        style = include_str!("style.css"),
        preset = run.config.preset.map_or_else(String::new, |preset| format!("{} · ", preset.name())),
        estimator = escape(&word(&settings["estimator"])),
        notation = escape(&model.network.notation()),
        count = model.params.len(),
        tiles = tiles(run),
        curves = curves.iter().map(|svg| figure(svg)).collect::<String>(),
        shares = shown.shares.as_deref().map(figure).unwrap_or_default(),
        epoch = run.best.map_or(0, |b| b.epoch),
        pictures = shown.pictures.iter().map(image).collect::<String>(),
        restored = restored(&run.restored),
        configuration = configuration(&settings),
    )
}

fn figure(svg: &str) -> String {
    format!("<figure>{svg}</figure>")
}

fn tiles(run: &Summary) -> String {
    let mut all = Vec::new();
    if let Some(best) = run.best {
        let of = format!("validation −ELBO, epoch {}", best.epoch);
        all.push((format!("{:.2}", best.valid_neg_elbo), of));
    }
    if let Some(last) = run.epochs.last() {
        all.push((format!("{:.2}", last.train_neg_elbo), format!("train −ELBO, epoch {}", last.epoch)));
    }
    if let Some(test) = run.test {
        all.push((format!("{:.2}", test.neg_elbo), "test −ELBO".into()));
        let of = format!("test NLL, K = {}, {} examples", test.nll_samples, test.images);
        all.push((format!("{:.2}", test.nll), of));
    }
    all.push((run.step.to_string(), format!("steps of {}", run.config.steps)));
    all.push((duration(run.seconds), "training and validation".into()));
    all.iter().fold(String::new(), |mut text, (figure, of)| {
        let _ = write!(text, "<div><b>{figure}</b><span>{of}</span></div>");
        text
    })
}

fn image(picture: &Picture) -> String {
    let Picture { title, caption, png, .. } = picture;
    format!(
        "<figure><img alt=\"{title}\" src=\"data:image/png;base64,{}\">\
         <figcaption>{title}. {caption}</figcaption></figure>",
        BASE64_STANDARD.encode(png)
    )
}

fn restored(all: &[Restored]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from("<h2>Refused steps</h2>\n<ul class=\"notes\">");
    for Restored { step, error, to_step, .. } in all {
        let _ = write!(text, "<li>Step {step}: {}. Back to step {to_step}.</li>", escape(error));
    }
    text + "</ul>\n"
}

fn configuration(settings: &Value) -> String {
    let mut text = String::new();
    for (key, value) in settings.as_object().into_iter().flatten() {
        let _ = write!(text, "<div><dt>{}</dt><dd>{}</dd></div>", escape(key), escape(&word(value)));
    }
    text
}

/// A setting as it is written on the command line.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        // A rate is an f32: its own shortest digits.
        Value::Number(number) if number.is_f64() => {
            number.as_f64().map_or_else(String::new, |x| (x as f32).to_string())
        }
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::evaluate::Figures;
    use crate::train::Epoch;
    use crate::train::config::tests::example;

    fn summary(done: bool) -> Summary {
        let epoch = |epoch: u64| Epoch {
            epoch,
            step: epoch * 10,
            train_neg_elbo: 200.0 / epoch as f64,
            valid_neg_elbo: 210.0 / epoch as f64,
            gradient_variance: 1e-3 / epoch as f64,
        };
        let figures = Figures {
            neg_elbo: 101.25,
            neg_elbo_standard_error: None,
            nll: 99.5,
            nll_standard_error: Some(0.5),
            nll_samples: 7,
            images: 60,
        };
        let mut config = example();
        config.data = "a&b<script>.csv".into();
        Summary {
            run: "runs/<7>".into(),
            config,
            step: 50,
            seconds: 65.0,
            best: Some(epoch(5)),
            test: done.then_some(figures),
            epochs: (1..6).map(epoch).collect(),
            restored: vec![Restored { step: 12, error: "f < 0".into(), to_step: 10, attempt: 1 }],
        }
    }

    #[test]
    fn rows_that_are_no_pictures_are_strips_and_shares() {
        let bytes: Vec<u8> = (0..12 * 40u32).map(|i| u8::from(i % 12 < 3)).collect();
        let test = BitTable::from_bytes(12, &bytes).unwrap();
        let network = crate::network::Preset::Linear.network(12);
        let params = vec![0.0; network.shape().params()];
        let model = Model::new(network, params);
        let shown = Shown::of(&model, &test, 1).unwrap();
        let text = html(&summary(true), &model, &[], &shown);
        assert!(text.contains("Share of ones in each column") && text.contains("Each strip is a sample"));
    }

    #[test]
    fn it_stands_alone_and_shows_everything() {
        let network = crate::network::Preset::Linear.network(64);
        let params = vec![0.0; network.shape().params()];
        let model = Model::new(network, params);
        let run = summary(true);
        let svgs = apart(&run.epochs).unwrap();
        let picture = Picture { file: "a.png", title: "A", caption: "One.", png: b"one".to_vec() };
        let shown = Shown { pictures: vec![picture], shares: None };
        let text = html(&run, &model, &svgs, &shown);
        for part in
            ["&lt;7&gt;", "a&amp;b&lt;script&gt;.csv", "99.50", "42.00", "1:05 min", "<svg", "0.0001<"]
        {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.contains("f &lt; 0. Back to step 10") && text.contains("base64,b25l"));
        assert!(!text.contains("<script") && !text.contains("refresh"));
        // Nothing is loaded from elsewhere; the one address is the name of the SVG format.
        let addresses = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !addresses.contains("http://") && !addresses.contains("https://") && !addresses.contains("url(")
        );
        assert!(html(&summary(false), &model, &svgs, &shown).contains("refresh"));
        assert_eq!(html(&run, &model, &svgs, &shown), text);
    }
}
