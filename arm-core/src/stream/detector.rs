//! From scores to alarms.

use crate::error::Error;
use crate::numeric::math::{ln, sqrt};
use crate::storage::codec::CRC;

/// An alarm with a false-alarm rate: the running mean of the scores against a threshold that follows the scores seen while
/// learning, and stays where it is afterwards.
///
/// While learning it keeps the usual value of the running mean and its mean absolute deviation, both with a memory of
/// 4096 scores, so that they follow a network that is still getting better; and how many such deviations above the usual
/// a share `rate` of the running means lies (Robbins & Monro 1951, from the quantile of a normal distribution on).
///
/// Learn from the network that will watch, when it has learned: one that goes on learning fits what it has just seen, and
/// scores lower than it will later. After 80 / `rate` such scores the share of alarms is at most three times `rate`, and about
/// `rate` in the mean, for scores that are independent of each other. Where they come in stretches that resemble each other,
/// as days or recordings do, that holds in the mean over stretches, and a single one may have many alarms or none: the more
/// stretches are learned the better. What is not among them is not usual. Memory: 32 bytes.
///
/// A score that is NaN, infinite or beyond 2^96 is none: it is not learned from, and where it is watched it raises the alarm and
/// is not taken in. Any other is taken in, however large: of one that lies x times as far above the usual as the threshold does, the alarm
/// lasts about 7.5 ln(x / 8) scores, and a single one that is learned raises the threshold for thousands.
///
/// ```
/// use arm_core::stream::Detector;
/// let mut detector = Detector::new(0.01)?;
/// for i in 0..8000u32 {
///     let score = (i.wrapping_mul(2_654_435_761) >> 20) as f32 / 4096.0; // between 0 and 1
///     detector.learn(score);
/// }
/// assert!(!detector.watch(0.5));
/// assert!((0..8).any(|_| detector.watch(1.5)));
/// # Ok::<(), arm_core::Error>(())
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detector {
    rate: f32,
    seen: u32,
    mean: f32,
    usual: f32,
    spread: f32,
    /// The threshold, in spreads above the usual.
    width: f32,
    /// Running means that `width` was learned from.
    counted: u32,
    watched: u32,
}

/// Bytes before the checksum.
const CONTENT: usize = size_of::<Detector>();

impl Detector {
    /// Length of [`to_bytes`](Self::to_bytes).
    pub const BYTES: usize = CONTENT + 4;
    /// Share of a new score in the running mean, which covers eight.
    const SHORT: f32 = 1.0 / 8.0;
    /// Share of a running mean in the usual one.
    const LONG: f32 = 1.0 / 4096.0;
    /// Scores before the threshold begins to learn.
    const FIRST: u32 = 64;
    /// How fast the share beyond a threshold falls with it, in shares a spread, in the tails that scores have.
    const HAZARD: f32 = 3.0;
    /// The smallest gain with which the width goes on learning.
    const SETTLED: f32 = 0.005;
    /// Scores beyond it are none: no sum of others becomes infinite.
    const MOST: f32 = (1u128 << 96) as f32;

    /// Nothing seen yet; `rate` is the share of scores that may raise an alarm while nothing is wrong. Errors:
    /// [`Error::Setting`] for one outside [1e-6, 0.1].
    pub fn new(rate: f32) -> Result<Self, Error> {
        if !(1.0e-6..=0.1).contains(&rate) {
            return Err(Error::Setting);
        }
        // The mean absolute deviation of a normal distribution is sqrt(2 / pi) standard deviations.
        let width = normal_quantile(rate) / 0.797_884_6;
        Ok(Detector { rate, seen: 0, mean: 0.0, usual: 0.0, spread: 0.0, width, counted: 0, watched: 0 })
    }

    /// Takes in a score while what is watched is known to be well. One that is not finite, or beyond 2^96, is ignored.
    pub fn learn(&mut self, score: f32) {
        if !Self::is_score(score) {
            return;
        }
        self.seen = self.seen.saturating_add(1);
        // At first plain means of what there is.
        let share = 1.0 / self.seen as f32;
        self.mean += (score - self.mean) * Self::SHORT.max(share);
        let beyond = self.mean > self.threshold();
        let share = Self::LONG.max(share);
        self.usual += (self.mean - self.usual) * share;
        self.spread += ((self.mean - self.usual).abs() - self.spread) * share;
        if self.seen > Self::FIRST && self.spread > 0.0 {
            self.counted = self.counted.saturating_add(1);
            // The best gain is one over density and count; a bound on it keeps the first exceptions from deciding all.
            let gain = (1.0 / (Self::HAZARD * self.counted as f32 * self.rate)).clamp(Self::SETTLED, 1.0);
            self.width += gain * if beyond { 1.0 - self.rate } else { -self.rate };
        }
    }

    /// Takes in a score; whether it raises the alarm. Before 64 were learned no score does. One that is not finite, or beyond 2^96,
    /// always raises it, and is not taken in.
    pub fn watch(&mut self, score: f32) -> bool {
        if !Self::is_score(score) {
            return true;
        }
        self.watched = self.watched.saturating_add(1);
        self.mean += (score - self.mean) * Self::SHORT;
        self.seen > Self::FIRST && self.mean > self.threshold()
    }

    fn is_score(score: f32) -> bool {
        score.abs() <= Self::MOST
    }

    /// All of it as bytes, with a checksum, to be kept over a reset beside the network whose scores it has seen.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let Detector { rate, seen, mean, usual, spread, width, counted, watched } = *self;
        let words =
            [rate, mean, usual, spread, width].map(f32::to_bits).into_iter().chain([seen, counted, watched]);
        let mut bytes = [0; Self::BYTES];
        bytes.iter_mut().zip(words.flat_map(u32::to_le_bytes)).for_each(|(to, from)| *to = from);
        let crc = CRC.checksum(bytes.first_chunk::<CONTENT>().unwrap_or(&[0; CONTENT]));
        bytes.iter_mut().skip(CONTENT).zip(crc.to_le_bytes()).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The detector of these bytes. Errors: [`Error::Corrupt`] for others than those of [`to_bytes`](Self::to_bytes).
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, Error> {
        let word = |i: usize| bytes.as_chunks::<4>().0.get(i).map_or(0, |word| u32::from_le_bytes(*word));
        let number = |i: usize| f32::from_bits(word(i));
        let crc = CRC.checksum(bytes.first_chunk::<CONTENT>().unwrap_or(&[0; CONTENT]));
        let finite = (0..5).all(|i| number(i).is_finite());
        let new = Detector::new(number(0)).map_err(|_| Error::Corrupt)?;
        if crc != word(8) || !finite {
            return Err(Error::Corrupt);
        }
        let [mean, usual, spread, width] = [1, 2, 3, 4].map(number);
        Ok(Detector { mean, usual, spread, width, seen: word(5), counted: word(6), watched: word(7), ..new })
    }

    /// The running mean of the scores.
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// What the running mean must exceed.
    pub fn threshold(&self) -> f32 {
        self.usual + self.width * self.spread
    }

    /// The share of scores that may raise an alarm.
    pub fn rate(&self) -> f32 {
        self.rate
    }
}

/// The value that a normal variable exceeds with probability `p` in (0, 1/2]: Abramowitz & Stegun 26.2.22, to within 0.003.
fn normal_quantile(p: f32) -> f32 {
    let t = sqrt(-2.0 * ln(p));
    t - (2.30753 + 0.27061 * t) / (1.0 + t * (0.99229 + 0.04481 * t))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::numeric::rng::{Purpose, Stream};

    /// The share of alarms per rate among 200,000 scores of that law, after learning 80 / rate of them.
    fn share(rate: f32, seed: u64, law: fn(&mut Stream) -> f32) -> f32 {
        let mut stream = Stream::new(seed, Purpose::Generate, 0, 0, 0);
        let mut detector = Detector::new(rate).unwrap();
        for _ in 0..(80.0 / rate) as u32 {
            detector.learn(law(&mut stream));
        }
        let alarms = (0..200_000).filter(|_| detector.watch(law(&mut stream))).count();
        alarms as f32 / 200_000.0 / rate
    }

    #[test]
    fn the_false_alarm_rate_is_kept_for_many_laws() {
        let laws: [fn(&mut Stream) -> f32; 4] = [
            |s| s.uniform(),
            |s| (0..12).map(|_| s.uniform()).sum(),
            |s| -ln(s.uniform()),
            // Two kinds of days.
            |s| if s.uniform() < 0.2 { 3.0 + s.uniform() } else { s.uniform() },
        ];
        for rate in [0.02, 0.005, 0.001] {
            for (i, law) in laws.into_iter().enumerate() {
                let shares: [f32; 5] = core::array::from_fn(|seed| share(rate, seed as u64, law));
                let mean = shares.iter().sum::<f32>() / 5.0;
                assert!(shares.iter().all(|share| *share <= 3.0), "rate {rate}, law {i}: {shares:?}");
                assert!((0.4..2.0).contains(&mean), "rate {rate}, law {i}: {shares:?}");
            }
        }
    }

    #[test]
    fn it_follows_scores_that_fall_while_a_network_learns() {
        let mut stream = Stream::new(1, Purpose::Generate, 0, 0, 0);
        let mut detector = Detector::new(0.01).unwrap();
        for i in 0..20_000u32 {
            detector.learn(10.0 * ln(2.0 + 30_000.0 / (1.0 + i as f32)) + stream.uniform());
        }
        let last = 10.0 * ln(2.0 + 30_000.0 / 20_000.0);
        assert!(!detector.watch(last + 0.5) && (0..16).any(|_| detector.watch(last + 9.0)));
    }

    #[test]
    fn what_is_watched_does_not_move_the_threshold() {
        let mut detector = Detector::new(0.01).unwrap();
        (0..1000u32).for_each(|i| detector.learn((i % 7) as f32));
        let threshold = detector.threshold();
        assert!((0..100).filter(|_| detector.watch(50.0)).count() > 90);
        assert_eq!(detector.threshold(), threshold);
        assert!(detector.watch(f32::NAN) && detector.watch(f32::INFINITY));
        let before = detector;
        detector.learn(f32::NAN);
        assert_eq!(detector, before);
    }

    #[test]
    fn no_score_breaks_it() {
        let usual = |detector: &mut Detector| (0..200_000u32).for_each(|i| detector.learn((i % 7) as f32));
        let mut detector = Detector::new(0.01).unwrap();
        usual(&mut detector);
        let learned = detector;
        for none in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1.1 * Detector::MOST] {
            detector.learn(none);
            assert!(detector.watch(none), "{none}");
            assert_eq!(detector, learned, "{none}");
        }
        // The largest are learned and watched, and what is usual comes back.
        let (_, most) = (detector.watch(0.0), Detector::MOST);
        for score in [most, -most, most, most, -most] {
            detector.learn(score);
            assert!(detector.mean().is_finite() && detector.threshold().is_finite(), "{score}");
        }
        for _ in 0..100 {
            detector.learn(most);
        }
        usual(&mut detector);
        usual(&mut detector);
        assert!((0.0..7.0).contains(&detector.mean()), "{detector:?}");
        assert!(detector.threshold().is_finite() && detector.threshold() < 1e3, "{detector:?}");
        // A single one is an alarm for as long as is said.
        let mut watching = learned;
        while watching.watch(3.0) {}
        let usual_now = learned.usual;
        let far = learned.threshold() - usual_now;
        for x in [100.0f32, 1e6, 1e20] {
            let mut watching = watching;
            assert!(watching.watch(usual_now + x * far));
            let lasts = (0..2000).take_while(|_| watching.watch(usual_now)).count() as f32;
            let said = 7.5 * (x / 8.0).ln();
            assert!((lasts - said).abs() < 3.0, "{x}: {lasts} {said}");
        }
        for score in [most, -most] {
            assert_eq!(watching.watch(score), score > 0.0);
            assert!(watching.mean().is_finite());
        }
    }

    #[test]
    fn bytes_keep_all_of_it_and_no_wrong_bit_is_taken() {
        let mut detector = Detector::new(0.01).unwrap();
        (0..1000u32).for_each(|i| detector.learn((i % 7) as f32));
        detector.watch(3.0);
        let bytes = detector.to_bytes();
        assert_eq!(Detector::from_bytes(&bytes), Ok(detector));
        for bit in 0..8 * Detector::BYTES {
            let mut wrong = bytes;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Detector::from_bytes(&wrong), Err(Error::Corrupt), "bit {bit}");
        }
        for blank in [0, 0xff] {
            assert_eq!(Detector::from_bytes(&[blank; Detector::BYTES]), Err(Error::Corrupt));
        }
    }

    #[test]
    fn settings_are_checked() {
        for rate in [0.0, -1.0, 0.2, f32::NAN, f32::INFINITY] {
            assert_eq!(Detector::new(rate), Err(Error::Setting));
        }
        for (p, z) in [(0.1, 1.2816), (0.01, 2.3263), (0.001, 3.0902)] {
            assert!((normal_quantile(p) - z).abs() < 0.003);
        }
        let mut empty = Detector::new(0.1).unwrap();
        assert!((0..100).all(|_| !empty.watch(1e9)));
    }
}
