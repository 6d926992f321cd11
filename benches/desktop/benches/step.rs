//! Whole training steps of the presets with ARM and Adam, on one thread and on all: random inputs of which 13 % are
//! ones, as in binarised digits.
//!
//! `cargo bench -p arm-desktop-benches --bench step -- nonlinear`

use arm_bench_programs::random_bits;
use arm_core::BitMatrix;
use arm_core::estimator::Arm;
use arm_core::objective::Vae;
use arm_core::optim::Adam;
use arm_std::driver::Driver;
use arm_std::network::Preset;
use arm_std::pool::Pool;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::thread::available_parallelism;

const INPUTS: usize = 784;

fn steps(c: &mut Criterion) {
    let cpus = available_parallelism().map_or(1, |n| n.get());
    for (name, preset) in
        [("linear", Preset::Linear), ("nonlinear", Preset::Nonlinear), ("two-layer", Preset::TwoLayer)]
    {
        let network = preset.network(INPUTS);
        let mut group = c.benchmark_group(name);
        for batch in [1, 50, 200] {
            group.throughput(Throughput::Elements(batch as u64));
            let words = random_bits(batch, INPUTS, 0.13, 1).words().to_vec();
            let mut all: Vec<usize> = vec![1, cpus];
            all.dedup();
            for threads in all {
                let adam = Adam::new(1e-4);
                let mut driver =
                    Driver::new(network.shape(), Arm, Vae, adam, 1, batch, threads).expect("a valid preset");
                let x = BitMatrix::new(&words, INPUTS);
                group.bench_function(format!("batch {batch}, {threads} threads"), |b| {
                    b.iter(|| driver.step(x, batch).expect("a finite step"));
                });
            }
        }
    }
}

fn hand_over(c: &mut Criterion) {
    let mut pool = Pool::new(2);
    c.bench_function("pool/empty round, 2 threads", |b| b.iter(|| pool.run(2, &|_| {})));
}

criterion_group!(benches, steps, hand_over);
criterion_main!(benches);
