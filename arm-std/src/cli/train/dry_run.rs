//! What a run would take: `arm train --dry-run`.

use crate::cli::{Outcome, say};
use arm_std::driver::Threads;
use arm_std::network::{Budget, Cost, Network, NumbersName, Ram};
use arm_std::train::Prepared;

/// Thousands apart: `40,107`.
fn number(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|g| str::from_utf8(g).ok()).collect();
    groups.join(",")
}

/// To two digits: what is estimated is known no better.
fn about(n: f64) -> String {
    let unit = 10f64.powf((n.log10().floor() - 1.0).max(0.0));
    number(((n / unit).round() * unit) as usize)
}

/// What was asked to fit, and what the network that does takes.
pub(super) fn fits(ram: Ram, network: &Network, numbers: NumbersName) -> Outcome {
    let Budget { sgd, adam, .. } = Budget::of(&network.shape(), numbers);
    let (sgd, adam) = (number(sgd), number(adam));
    if !numbers.is_float() {
        return say(format_args!("fits {ram}: it trains in {sgd} bytes of RAM in i16 on a device"));
    }
    say(format_args!("fits {ram}: it trains in {sgd} bytes of RAM with SGD on a device; with Adam in {adam}"))
}

/// The memory of the run here, and what the network takes as a learner on a device.
pub(super) fn print(run: &Prepared, threads: Threads, alone: bool) -> Outcome {
    let Prepared { network, splits, .. } = run;
    let rows = splits.train.rows() + splits.valid.rows() + splits.test.rows();
    let data = 4 * rows * splits.train.cols().div_ceil(32);
    let kib = |bytes: usize| number(bytes.div_ceil(1024));
    say(format_args!(
        "memory here: {} KiB parameters, moments and scratch; data {} KiB as bits",
        kib(run.memory(threads, alone)),
        kib(data)
    ))?;
    let numbers = run.config.numbers;
    let (budget, cost) = (Budget::of(&network.shape(), numbers), Cost::of(network));
    if !numbers.is_float() {
        let (flash, ram) = (number(budget.flash), number(budget.sgd));
        return say(format_args!(
            "on a device that learns in i16, one row a step, exact: {flash} bytes of flash for the parameters, {ram} bytes of RAM for \
             parameters and scratch\n  stack and instructions: docs/microcontroller.md"
        ));
    }
    let row = |what: &str, (sgd, adam): (String, String), how: &str| {
        say(format_args!("  {what:<41}{sgd:>11}{adam:>12}{how}"))
    };
    say(format_args!("on a device that learns with ARM, one example a step:"))?;
    row("", ("SGD".into(), "Adam".into()), "")?;
    row("flash of the parameters, bytes", (number(budget.flash), number(budget.flash)), "  exact")?;
    row("RAM: parameters, moments, scratch, bytes", (number(budget.sgd), number(budget.adam)), "  exact")?;
    let measured =
        if cost.at_most { "  at most: measured with more features" } else { "  measured on a Cortex-M4F" };
    let (sgd, adam) = cost.stack;
    row("stack of a step, bytes", (number(sgd as usize), number(adam as usize)), measured)?;
    let (sgd, adam) = cost.instructions;
    let (shown, how): (fn(f64) -> String, _) = match cost.counted {
        _ if network.codings.is_some() => (|_| "-".into(), "  never counted with units other than 0 and 1"),
        true => (|n| number(n as usize), "  counted on a Cortex-M4F"),
        false => (about, "  estimated: docs/networks.md"),
    };
    row("instructions a step", (shown(sgd), shown(adam)), how)?;
    say(format_args!("  inference alone, parameters in flash: {} bytes of RAM", number(budget.inference)))?;
    let features = match cost.features[..] {
        [] => "none, so default-features = false".into(),
        ref some => some.join(", "),
    };
    say(format_args!("  features of arm-core that it needs: {features}"))?;
    if cost.features.contains(&"ragged") {
        say(format_args!(
            "  widths that are no multiple of 16 take up to two thirds more than is estimated"
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            (number(7), number(40_107), number(1_000_000)),
            ("7".into(), "40,107".into(), "1,000,000".into())
        );
        assert_eq!((about(40_107.0), about(1_139_362.0)), ("40,000".into(), "1,100,000".into()));
    }
}
