//! How many threads take a step: a given number, or the fastest by measurement.
//!
//! A step has the same bits on any number of threads, so numbers are tried in steps that count. They take turns for some
//! milliseconds each, at the start and again at growing intervals. In between, a number that has become slower than
//! fewer threads were is given up soon, which is what happens when other processes want the CPUs, and taken again if
//! these turn out no better.

use std::fmt;
use std::time::{Duration, Instant};

/// The threads of a run. Results do not depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// This many.
    Fixed(usize),
    /// The fastest number up to this, by measurement while it runs.
    Measured(usize),
}

impl Threads {
    /// The most that are used at a time.
    pub fn most(self) -> usize {
        let (Threads::Fixed(n) | Threads::Measured(n)) = self;
        n.max(1)
    }
}

impl From<usize> for Threads {
    fn from(n: usize) -> Self {
        Threads::Fixed(n)
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.most();
        let s = if n == 1 { "" } else { "s" };
        match self {
            Threads::Measured(2..) => write!(f, "up to {n} threads by measurement"),
            _ => write!(f, "{n} thread{s}"),
        }
    }
}

/// Time of a number's turn: longer than a scheduler leaves a waiting process without its CPU.
const TURN: Duration = Duration::from_millis(8);
/// Turns of each number.
const ROUNDS: usize = 3;
/// A number this many times as fast as all others wins after one round, and their turns end early.
const CLEAR: f64 = 1.5;
/// Steps and time after which a turn may end early.
const EARLY: (u32, Duration) = (8, Duration::from_millis(1));
/// What more threads must gain: they take CPUs from others.
const GAIN: f64 = 0.97;
/// What a number that was left must have gained over the one in use, to be taken again before the next trial. A machine
/// that slows down as a whole makes any number look bad beside the old times of the others, until it has new ones.
const AGAIN: f64 = 0.9;
/// A step of one thread, in seconds, below which others are not tried: they wait for each other several times in it. On
/// the machine of docs/speed.md nothing below 30 us gained.
const SHORT: f64 = 25e-6;
/// Time over which a number is watched between trials.
const WATCH: Duration = Duration::from_millis(25);
/// Time between trials: at first, and at most (or twenty trials).
const BETWEEN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(4)];

/// The number of threads for the next step, chosen from the times of those before.
#[derive(Debug)]
pub(super) struct Choice {
    /// What can be chosen, the fewest first.
    counts: Vec<usize>,
    /// The one in use.
    at: usize,
    /// Seconds a step took with each when it was last watched or tried.
    seconds: Vec<f64>,
    /// The turns of each in the trial under way; none between trials.
    trial: Option<Vec<Vec<f64>>>,
    /// Steps and time since the number in use was changed or looked at.
    steps: u32,
    time: Duration,
    /// The number in use was slower than fewer threads when it was last looked at: once may be a moment's, twice is not.
    slow: bool,
    /// The longest of these steps.
    longest: Duration,
    /// The next step is the first after a change: threads wake, and caches are cold.
    fresh: bool,
    /// Time in this trial, or since the last.
    spent: Duration,
    /// Time to the next trial.
    between: Duration,
}

impl Choice {
    /// Of at most `available` threads.
    pub(super) fn new(threads: Threads, available: usize) -> Self {
        let counts = match threads {
            Threads::Fixed(_) => vec![available],
            Threads::Measured(_) => {
                let powers = (0..).map(|k| 1 << k).take_while(|&n| n < available);
                powers.chain([available]).collect()
            }
        };
        Choice {
            at: 0,
            seconds: vec![f64::INFINITY; counts.len()],
            trial: (counts.len() > 1).then(|| vec![vec![]; counts.len()]),
            counts,
            steps: 0,
            time: Duration::ZERO,
            slow: false,
            longest: Duration::ZERO,
            fresh: true,
            spent: Duration::ZERO,
            between: BETWEEN[0],
        }
    }

    pub(super) fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The index of the number in use.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The time now, if steps are timed.
    pub(super) fn start(&self) -> Option<Instant> {
        (self.counts.len() > 1).then(Instant::now)
    }

    /// A step has taken so long.
    pub(super) fn took(&mut self, time: Duration) {
        self.spent += time;
        if std::mem::take(&mut self.fresh) {
            return;
        }
        (self.steps, self.time) = (self.steps + 1, self.time + time);
        self.longest = self.longest.max(time);
        let least = if self.trial.is_some() { TURN } else { WATCH };
        if self.steps >= 2 && (self.time >= least || self.is_hopeless()) {
            let seconds = self.time.as_secs_f64() / f64::from(self.steps);
            (self.steps, self.time, self.longest) = (0, Duration::ZERO, Duration::ZERO);
            match self.trial.take() {
                Some(turns) => self.turn(turns, seconds),
                None => self.watch(seconds),
            }
        }
    }

    /// Whether a turn need not go on: another number was far faster, and not because of one long step, in which this
    /// process may have been without its CPU.
    fn is_hopeless(&self) -> bool {
        let Some(turns) = &self.trial else { return false };
        let (steps, time) = EARLY;
        if self.steps < steps || self.time < time {
            return false;
        }
        let best = turns.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let seconds = self.time.saturating_sub(self.longest).as_secs_f64() / f64::from(self.steps - 1);
        seconds > CLEAR * best
    }

    fn turn(&mut self, mut turns: Vec<Vec<f64>>, seconds: f64) {
        turns[self.at].push(seconds);
        if self.at == 0 && seconds < SHORT {
            self.seconds.fill(f64::INFINITY);
            self.seconds[0] = seconds;
            (self.spent, self.between) = (Duration::ZERO, BETWEEN[0]);
            return;
        }
        let rounds = turns.iter().map(Vec::len).min().unwrap_or(0);
        if rounds == turns[self.at].len() {
            self.seconds = turns.iter().map(|turns| median(turns)).collect();
            let best = self.best(self.counts.len());
            let clear = |(i, &s): (usize, &f64)| i == best || s > CLEAR * self.seconds[best];
            if rounds == ROUNDS || self.seconds.iter().enumerate().all(clear) {
                self.between = self.between.max(20 * self.spent);
                self.spent = Duration::ZERO;
                return self.change(best);
            }
        }
        self.trial = Some(turns);
        self.change((self.at + 1) % self.counts.len());
    }

    fn watch(&mut self, seconds: f64) {
        let (fewer, best) = (self.best(self.at), self.best(self.counts.len()));
        let slow = self.at > 0 && seconds > self.seconds[fewer];
        let again = std::mem::replace(&mut self.slow, slow) && slow;
        if again || !slow {
            self.seconds[self.at] = seconds;
        }
        if again {
            self.between = BETWEEN[0];
            self.slow = false;
            self.change(fewer);
        } else if self.seconds[best] < AGAIN * seconds {
            self.change(best);
        }
        if self.spent >= self.between {
            self.between = (2 * self.between).min(BETWEEN[1]);
            self.spent = Duration::ZERO;
            self.trial = Some(vec![vec![]; self.counts.len()]);
        }
    }

    /// The fastest of the first `most` numbers; of those as good as equal the fewest.
    fn best(&self, most: usize) -> usize {
        (1..most).fold(0, |best, i| if self.seconds[i] < GAIN * self.seconds[best] { i } else { best })
    }

    fn change(&mut self, at: usize) {
        self.fresh = at != self.at;
        self.at = at;
    }
}

/// The middle, or the greater of two.
fn median(turns: &[f64]) -> f64 {
    let mut turns = turns.to_vec();
    turns.sort_by(f64::total_cmp);
    turns.get(turns.len() / 2).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs for `seconds` on a machine where a step takes `step(threads)` seconds. Returns steps a second.
    fn run(choice: &mut Choice, seconds: f64, step: impl Fn(usize) -> f64) -> f64 {
        let (mut time, mut steps) = (0.0, 0.0);
        while time < seconds {
            let taken = step(choice.counts()[choice.at()]);
            choice.took(Duration::from_secs_f64(taken));
            (time, steps) = (time + taken, steps + 1.0);
        }
        steps / time
    }

    #[test]
    fn the_fastest_number_is_found_and_kept() {
        // Seconds a step with 1, 2, 4 and 6 threads.
        for times in [[1e-5, 2e-5, 3e-5, 4e-5], [1e-3, 6e-4, 5e-4, 7e-4], [1.0, 0.55, 0.3, 0.25]] {
            let mut choice = Choice::new(Threads::Measured(6), 6);
            assert_eq!(choice.counts(), [1, 2, 4, 6]);
            let step = |threads: usize| times[threads.ilog2() as usize + threads / 6];
            let best = times.into_iter().fold(f64::INFINITY, f64::min);
            run(&mut choice, 40.0 * best.max(0.01), step);
            let rate = run(&mut choice, 4000.0 * best.max(0.01), step);
            assert!(rate > 0.93 / best, "{rate} {best}");
        }
    }

    #[test]
    fn more_threads_have_to_gain() {
        let mut choice = Choice::new(Threads::Measured(2), 2);
        run(&mut choice, 0.2, |threads| if threads == 1 { 1e-3 } else { 0.98e-3 });
        assert_eq!(choice.counts()[choice.at()], 1);
        run(&mut choice, 10.0, |threads| if threads == 1 { 1e-3 } else { 0.9e-3 });
        assert_eq!(choice.counts()[choice.at()], 2);
    }

    #[test]
    fn threads_that_are_preempted_cost_next_to_nothing() {
        let quiet = |threads: usize| 4e-5 / threads as f64;
        let busy = |threads: usize| if threads == 1 { 4e-5 } else { 17.0 * 4e-5 };
        let mut choice = Choice::new(Threads::Measured(2), 2);
        assert!(run(&mut choice, 10.0, quiet) > 0.97 * 5e4);
        assert!(run(&mut choice, 10.0, busy) > 0.97 * 2.5e4);
        assert!(run(&mut choice, 40.0, quiet) > 0.9 * 5e4);
    }

    #[test]
    fn a_machine_that_slows_down_as_a_whole_changes_nothing() {
        let mut choice = Choice::new(Threads::Measured(2), 2);
        let quiet = |threads: usize| if threads == 1 { 1e-4 } else { 0.75e-4 };
        run(&mut choice, 0.3, quiet);
        for _ in 0..10 {
            let rate = run(&mut choice, 0.2, |threads| 1.5 * quiet(threads));
            assert!(rate > 0.9 / (1.5 * 0.75e-4), "{rate}");
            let rate = run(&mut choice, 0.2, quiet);
            assert!(rate > 0.9 / 0.75e-4, "{rate}");
        }
    }

    #[test]
    fn a_trial_of_what_is_far_slower_is_short() {
        let slow = |threads: usize| if threads == 1 { 2.6e-5 } else { 1.3e-4 };
        let mut choice = Choice::new(Threads::Measured(2), 2);
        let (mut spent, mut time) = (0.0, 0.0);
        while time < 0.1 {
            let (threads, taken) = (choice.counts()[choice.at()], slow(choice.counts()[choice.at()]));
            choice.took(Duration::from_secs_f64(taken));
            time += taken;
            spent += if threads == 1 { 0.0 } else { taken };
        }
        assert!((0.0005..0.0015).contains(&spent), "{spent}");
        // A single step that was interrupted ends no turn.
        let mut interrupted = false;
        let mut choice = Choice::new(Threads::Measured(2), 2);
        let mut time = 0.0;
        while time < 0.1 {
            let mut taken = if choice.counts()[choice.at()] == 1 { 4e-5 } else { 2.4e-5 };
            if choice.counts()[choice.at()] == 2 && !interrupted {
                (taken, interrupted) = (4e-3, true);
            }
            choice.took(Duration::from_secs_f64(taken));
            time += taken;
        }
        assert_eq!(choice.counts()[choice.at()], 2);
    }

    #[test]
    fn a_short_step_is_never_shared() {
        let mut choice = Choice::new(Threads::Measured(2), 2);
        let short = |threads: usize| if threads == 1 { 1e-5 } else { panic!("tried") };
        run(&mut choice, 5.0, short);
        // Until it is no longer short.
        run(&mut choice, 2.0, |threads| 1e-3 / threads as f64);
        assert_eq!(choice.counts()[choice.at()], 2);
    }

    #[test]
    fn a_given_number_stays() {
        let mut choice = Choice::new(Threads::Fixed(3), 3);
        assert!(choice.start().is_none());
        run(&mut choice, 1.0, |_| 1e-3);
        assert_eq!((choice.counts(), choice.at()), (&[3][..], 0));
    }

    #[test]
    fn threads_are_told() {
        let told = [Threads::Fixed(1), Threads::Measured(1), Threads::Fixed(2), Threads::Measured(2)];
        let expected = ["1 thread", "1 thread", "2 threads", "up to 2 threads by measurement"];
        assert_eq!(told.map(|t| t.to_string()), expected);
    }
}
