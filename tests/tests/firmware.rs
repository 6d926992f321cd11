//! The firmware programs on the host: the same scores as under emulation (`scripts/bare-metal.sh programs`).

#[path = "../../examples/firmware/src/programs/detector.rs"]
mod detector;
#[path = "../../examples/firmware/src/programs/guard.rs"]
mod guard;
#[path = "../../examples/firmware/build/imu.rs"]
mod imu;
#[path = "../../examples/firmware/src/programs/monitor.rs"]
mod monitor;
#[path = "../../examples/firmware/src/programs/node.rs"]
mod node;
#[allow(dead_code, reason = "the network of the figures")]
#[path = "../../examples/firmware/src/programs/reference.rs"]
mod reference;
#[path = "../../examples/firmware/src/proofs/refusals.rs"]
mod refusals;
#[path = "../../examples/firmware/src/programs/source.rs"]
mod source;
#[path = "../../examples/firmware/src/programs/survey.rs"]
mod survey;
#[path = "../../examples/firmware/src/programs/switchboard.rs"]
mod switchboard;
#[path = "../../examples/firmware/src/programs/vibration.rs"]
mod vibration;

use arm_core::learner::Progress;
use arm_core::rng::{Purpose, Stream};
use heapless::spsc::Queue;
use monitor::{BUDGET, Findings, Monitor, Plan, Room, STEP};
use source::{MACHINE, SCORES, Source};

/// Runs the detector until it is idle, with `samples` new samples at a time.
fn watch(mut source: Source<'_>, plan: Plan, samples: u32, mut check: impl FnMut(&Monitor<'_>)) -> Findings {
    let mut room = Box::new(Room::ZERO);
    let mut monitor = Monitor::new(plan, &mut room).unwrap();
    let mut queue = Queue::<i16, 65>::new();
    let (mut interrupt, mut main) = queue.split();
    let mut taken = 0;
    while taken < plan.samples() {
        for _ in 0..samples.min(plan.samples() - taken) {
            interrupt.enqueue(source.sample(&plan, taken)).unwrap();
            taken += 1;
        }
        while monitor.poll(&mut main).unwrap() != Progress::Idle {
            check(&monitor);
        }
    }
    assert_eq!((monitor.scored(), monitor.lost()), (plan.windows(), 0));
    room.findings
}

fn machine() -> Source<'static> {
    Source::Machine(vibration::Vibration::new())
}

#[test]
fn the_damaged_bearing_is_found() {
    let found = watch(machine(), MACHINE, 8, |monitor| {
        let (found, (mean, threshold)) = (monitor.findings(), monitor.now());
        let alarm = found.detections + found.false_alarms > 0;
        assert!(
            alarm || mean <= threshold || monitor.scored() <= MACHINE.unwatched(),
            "an alarm that is not counted"
        );
    });
    assert_eq!(SCORES, found.hash, "scores 0x{:016x}", found.hash);
    let (windows, means) = (found.windows.auc(), found.means.auc());
    assert!(windows >= 930 && means >= 995 && found.independent.auc() + 80 < windows, "{windows} {means}");
    // At most three times the stated rate is what is promised.
    let most = 3.0 * monitor::FALSE_ALARMS * MACHINE.normal as f32;
    assert!(found.false_alarms as f32 <= most && found.detections >= 1950, "{found:?}");
    let samples = found.delay.unwrap() * STEP as u32;
    assert!(1000 * samples / MACHINE.rate < 30, "no alarm within 30 ms");
}

/// A hand that rests is normal, its gestures are not: where the recordings lie beside the repository.
#[test]
fn gestures_are_found() {
    let Some(folder) = arm_needs::data("imu_gestures") else { return };
    let parts = imu::parts(&imu::recordings(&folder));
    let parts = [&parts[0][..], &parts[1], &parts[2]];
    let found = watch(Source::Recordings(parts), source::plan(parts), 8, |_| {});
    let (windows, means) = (found.windows.auc(), found.means.auc());
    assert!(windows >= 900 && means >= 900, "{windows} {means} {found:?}");
    let plan = source::plan(parts);
    let rate = found.false_alarms as f32 / plan.normal as f32;
    assert!(rate <= 1.5 * monitor::FALSE_ALARMS && 100 * found.detections >= 99 * plan.faulty, "{found:?}");
}

/// Of 24 recordings of a hand that rests six are kept back, whichever: the stated rate holds in the mean, not each time.
#[test]
fn false_alarms_are_as_stated_in_the_mean_over_recordings() {
    let Some(folder) = arm_needs::data("imu_gestures") else { return };
    let mut recordings = imu::recordings(&folder);
    let idle: Vec<usize> = (0..recordings.len()).filter(|&i| recordings[i].label == "idle").collect();
    let mut shares = vec![];
    for choice in 0..12u64 {
        let mut order = idle.clone();
        order.sort_by_key(|&i| Stream::new(choice, Purpose::Generate, 0, i as u64, 0).bits());
        for (rank, &i) in order.iter().enumerate() {
            recordings[i].split = if rank < 6 { "testing" } else { "training" }.into();
        }
        let parts = imu::parts(&recordings);
        // No gestures are needed.
        let parts = [&parts[0][..], &parts[1], &parts[2][..2 * STEP * 4]];
        let plan = source::plan(parts);
        let found = watch(Source::Recordings(parts), plan, 8, |_| {});
        shares.push(found.false_alarms as f32 / plan.normal as f32 / monitor::FALSE_ALARMS);
    }
    let mean = shares.iter().sum::<f32>() / shares.len() as f32;
    assert!((0.3..1.5).contains(&mean) && shares.iter().all(|&share| share < 8.0), "{mean}: {shares:?}");
}

/// What a node of 16 KB has learned, whenever its samples came.
#[test]
fn a_node_learns_in_integers() {
    // A Cortex-M0 at 16 MHz takes a step, of 115,000 instructions and half as many cycles more, while eight samples come.
    const { assert!(16_000_000 / node::RATE * 8 > 115_000 * 3 / 2) };
    for samples in [1, 8, 30] {
        let mut room = Box::new(node::Room::ZERO);
        let mut node = node::Node::new(&mut room).unwrap();
        let (mut machine, mut queue) = (vibration::Vibration::new(), Queue::<i16, 33>::new());
        let (mut interrupt, mut main) = queue.split();
        let mut first = None;
        while node.learned() < node::LEARN {
            (0..samples).for_each(|_| interrupt.enqueue(machine.sample(false)).unwrap());
            while node.learned() < node::LEARN && node.poll(&mut main).unwrap() != Progress::Idle {}
            if node.learned() >= 64 {
                first.get_or_insert(node.mean());
            }
        }
        assert!(node.mean() < 0.7 * first.unwrap(), "{first:?} {}", node.mean());
        assert_eq!((node::HASH, node.saturated()), (node.hash(), 0), "{}", node.mean());
    }
}

#[test]
fn scores_do_not_depend_on_when_samples_arrive_and_calls_are_bounded() {
    let plan = Plan { learn: 200, settle: 100, normal: 50, faulty: 50, ..MACHINE };
    let mut params: Vec<f32> = vec![];
    let found = [1, 8, 64].map(|samples| {
        watch(machine(), plan, samples, |monitor| {
            let changed = params.iter().zip(monitor.params()).filter(|(a, b)| a != b).count();
            assert!(changed <= BUDGET || monitor.scored() <= 1, "{changed}");
            params = monitor.params().to_vec();
        })
    });
    assert!(found.iter().all(|f| f.hash == found[0].hash));
}

/// Lets a guard work on `windows` windows, and save when it wants to; the number of alarms.
fn keep_watch(
    guard: &mut guard::Guard<'_, &mut reference::RamFlash>,
    machine: &mut vibration::Vibration,
    damaged: bool,
    windows: u32,
) -> u32 {
    let mut queue = Queue::<i16, 65>::new();
    let (mut interrupt, mut main) = queue.split();
    let (mut seen, mut alarms) = (0, 0);
    while seen < windows {
        match guard.poll(&mut main).unwrap() {
            guard::Event::Idle => interrupt.enqueue(machine.sample(damaged)).unwrap(),
            guard::Event::Working => {}
            guard::Event::Learned => guard.save().unwrap(),
            guard::Event::Window(score, alarm) => {
                assert!(score.is_finite());
                (seen, alarms) = (seen + 1, alarms + u32::from(alarm));
            }
        }
    }
    alarms
}

#[test]
fn a_guard_goes_on_after_a_reset_from_what_it_has_learned() {
    use guard::{FALSE_ALARMS, Guard, LEARN, Room, SAVE, SETTLE, Task};
    let mut flash = reference::RamFlash::ZERO;
    let mut machine = vibration::Vibration::steady(1);
    let mut room = Box::new(Room::ZERO);
    let mut first = Guard::new(&mut flash, &mut room).unwrap();
    assert_eq!((first.task(), first.steps()), (Task::Learn, 0));
    keep_watch(&mut first, &mut machine, false, SAVE as u32 + 50);
    let mut room = Box::new(Room::ZERO);
    let mut second = Guard::new(&mut flash, &mut room).unwrap();
    assert_eq!((second.task(), second.steps()), (Task::Learn, SAVE));
    keep_watch(&mut second, &mut machine, false, (LEARN - SAVE) as u32 + 1);
    assert_eq!((second.task(), second.steps()), (Task::Settle, LEARN));
    // What it has seen of a threshold is gone, the network is not.
    let mut room = Box::new(Room::ZERO);
    let mut third = Guard::new(&mut flash, &mut room).unwrap();
    assert_eq!((third.task(), third.steps()), (Task::Settle, LEARN));
    keep_watch(&mut third, &mut machine, false, SETTLE + 1);
    assert_eq!((third.task(), third.steps()), (Task::Watch, LEARN));
    let limit = third.limit();
    // Each goes on from the same flash.
    for lost in [false, true] {
        let (mut flash, mut machine) = (flash.clone(), machine.clone());
        if lost {
            flash.damage(2 * Guard::<&mut reference::RamFlash>::SLOT + 20);
        }
        let mut room = Box::new(Room::ZERO);
        let mut fourth = Guard::new(&mut flash, &mut room).unwrap();
        assert_eq!((fourth.task(), fourth.steps()), (if lost { Task::Settle } else { Task::Watch }, LEARN));
        assert!(lost || fourth.limit() == limit);
        if lost {
            keep_watch(&mut fourth, &mut machine, false, SETTLE + 1);
            assert_eq!(fourth.task(), Task::Watch);
        }
        let healthy = keep_watch(&mut fourth, &mut machine, false, 4000);
        let broken = keep_watch(&mut fourth, &mut machine, true, 400);
        let stated = FALSE_ALARMS * 4000.0;
        assert!(healthy as f32 <= 3.0 * stated && broken >= 280, "{healthy} of 4000, {broken} alarms of 400");
    }
}

#[test]
fn a_guard_takes_no_threshold_of_another_network() {
    use guard::{Guard, Room, SAVE, SETTLE, Task};
    let mut flash = reference::RamFlash::ZERO;
    let mut machine = vibration::Vibration::steady(1);
    let mut room = Box::new(Room::ZERO);
    let mut first = Guard::new(&mut flash, &mut room).unwrap();
    while first.task() != Task::Watch {
        keep_watch(&mut first, &mut machine, false, SETTLE / 2);
    }
    // Both slots are lost, and another network is learned.
    let slot = Guard::<&mut reference::RamFlash>::SLOT;
    (0..2).for_each(|i| flash.damage(i * slot + 100));
    let mut room = Box::new(Room::ZERO);
    let mut second = Guard::new(&mut flash, &mut room).unwrap();
    assert_eq!((second.task(), second.steps()), (Task::Learn, 0));
    while second.task() == Task::Learn {
        keep_watch(&mut second, &mut machine, false, SAVE as u32 / 2);
    }
    let mut room = Box::new(Room::ZERO);
    assert_eq!(Guard::new(&mut flash, &mut room).unwrap().task(), Task::Settle);
}

#[test]
fn the_survey_is_learned() {
    let mut room = survey::Room::ZERO;
    let found = survey::run(survey::Rows::Generated, &mut room, |_, _| {}).unwrap();
    assert_eq!(survey::HASH, found.hash, "0x{:016x}", found.hash);
    assert!(found.neg_elbo < 7.0 && found.bound < 6.8 && found.independent > 8.9, "{found:?}");
}

/// The National Long Term Care Survey, where it lies beside the repository.
#[test]
fn the_real_survey_is_learned() {
    let Some(file) = arm_needs::data("binary_tables/nltcs.train.data.gz") else { return };
    let splits = arm_std::data::load(&file.with_file_name("nltcs")).unwrap().binarise(None).unwrap();
    let arm_std::data::Source::Fixed(train) = &splits.train else { panic!("a table of bits") };
    let rows = |table: &arm_std::data::BitTable| -> Vec<[u8; 2]> {
        table.words().iter().map(|&row| (row as u16).to_le_bytes()).collect()
    };
    let (learned, held_out) = (rows(train), rows(&splits.test));
    let rows = survey::Rows::Given(&learned, &held_out);
    let mut room = survey::Room::ZERO;
    let found = survey::run(rows, &mut room, |_, _| {}).unwrap();
    assert!(found.neg_elbo < 7.5 && (9.1..9.3).contains(&found.independent), "{found:?}");
}

#[test]
fn the_switches_are_found() {
    let (mut rewards, mut room) = (vec![], switchboard::Room::ZERO);
    let setting = switchboard::run(room.slices(), |_, reward, _| rewards.push(reward)).unwrap();
    assert_eq!(setting, switchboard::Machine::BEST);
    // 16 switches and 15 pairs are 46 points at best; a random setting has 15.5 in the mean.
    assert!(rewards[0] < 30.0 && rewards[9] > 43.0, "{rewards:?}");
}

#[test]
fn bad_input_is_refused_and_the_model_unharmed() {
    let mut room = refusals::Room::ZERO;
    for (name, refused) in refusals::ALL {
        assert_eq!(refused(&mut room), Ok(true), "{name}");
    }
}

#[test]
fn the_area_under_the_curve_counts_pairs() {
    let mut tally = detector::Tally::ZERO;
    for (faulty, score) in
        [(false, 1.0), (false, 2.0), (true, 2.0), (true, 70.0), (true, 0.5), (false, f32::NAN)]
    {
        tally.push(faulty, score);
    }
    // Normal: 0, 1, 2; faulty: 0.5, 2, 64. Pairs in order: 1 + 2.5 + 3 of 9.
    assert_eq!(tally.auc(), 722);
    assert_eq!(detector::Tally::ZERO.auc(), 0);
}
