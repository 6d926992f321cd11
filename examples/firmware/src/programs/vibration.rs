//! A simulated accelerometer on a machine: 3200 samples a second of a shaft at 50 Hz, its gears, noise, and, once it is
//! damaged, a bearing. Plain single-precision arithmetic, so every machine measures the same.

/// Samples a second.
const RATE: f32 = 3200.0;
/// Turns of the shaft a second; it varies by 3 %.
const TURNS: f32 = 50.0;
/// Teeth of the gear.
const TEETH: u32 = 8;
/// Times a roller passes the damaged place in one turn.
const PASSES: f32 = 3.6;
/// How hard a roller hits, as a multiple of the shaft's amplitude: the loudness (RMS) rises by a quarter only.
const HIT: f32 = 1.25;
/// The housing rings at 1100 Hz and loses a fifth of its amplitude each sample: 2 r cos(2 pi 1100 / 3200) and r^2.
const RING: (f32, f32) = (-0.888_912_4, 0.64);
/// Counts of the converter for an amplitude of one.
const COUNTS: f32 = 8000.0;

/// The machine and its sensor.
#[derive(Clone, Debug)]
pub struct Vibration {
    samples: u32,
    /// How time passes for speed and load.
    passes: u32,
    shaft: u32,
    gear: u32,
    roller: u32,
    ring: (f32, f32),
    random: u32,
}

impl Default for Vibration {
    fn default() -> Self {
        Self::new()
    }
}

impl Vibration {
    /// At rest.
    pub const fn new() -> Self {
        Vibration { samples: 0, passes: 1, shaft: 0, gear: 0, roller: 0, ring: (0.0, 0.0), random: 1 }
    }

    /// At rest; its speed and its load will stay as they are. The noise depends on `seed`.
    pub const fn steady(seed: u32) -> Self {
        Vibration { random: seed | 1, passes: 0, ..Self::new() }
    }

    /// The next sample, of a machine whose bearing is damaged or not.
    pub fn sample(&mut self, damaged: bool) -> i16 {
        self.samples = self.samples.wrapping_add(self.passes);
        // Speed and load vary over five and two and a half seconds.
        let speed = 1.0 + 0.03 * sine(self.samples << 18);
        let load = 1.0 + 0.15 * sine(self.samples << 19);
        let turn = TURNS / RATE * 4_294_967_296.0 * speed;
        self.shaft = self.shaft.wrapping_add(turn as u32);
        self.gear = self.gear.wrapping_add((turn as u32).wrapping_mul(TEETH));
        let (roller, passed) = self.roller.overflowing_add((PASSES * turn) as u32);
        self.roller = roller;
        let noise = self.uniform() + self.uniform() + self.uniform() + self.uniform();
        let hit = if passed && damaged { HIT * (1.0 + 0.4 * self.uniform()) } else { 0.0 };
        let (last, before) = self.ring;
        self.ring = (hit + RING.0 * last - RING.1 * before, last);
        let shaft = sine(self.shaft);
        let twice = sine(self.shaft.wrapping_mul(2).wrapping_add(1 << 29));
        let gear = (0.5 + 0.2 * shaft) * sine(self.gear);
        (COUNTS * (load * (0.6 * shaft + 0.3 * twice + gear) + 0.2 * noise + self.ring.0)) as i16
    }

    /// Uniform in [-1/2, 1/2): xorshift32 (Marsaglia 2003).
    fn uniform(&mut self) -> f32 {
        let mut x = self.random;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random = x;
        (x >> 8) as f32 * (1.0 / 16_777_216.0) - 0.5
    }
}

/// The sine of a phase, a whole turn being 2^32: two parabolas, to within 0.002.
fn sine(phase: u32) -> f32 {
    let x = phase as i32 as f32 * (1.0 / 2_147_483_648.0);
    let y = 4.0 * x * (1.0 - x.abs());
    0.225 * (y * y.abs() - y) + y
}
