//! Desktop training of stochastic binary networks with the engine of [`arm_core`]: the same step, on threads and with kernels
//! for wide CPUs, and what belongs to it: data sets, evaluation, models, pictures. The `arm` command is a thin layer over it.
//!
//! # A network from a table
//!
//! [`Settings`] say what is wanted and may leave all of it open. They are checked against each other
//! ([`resolve`](Settings::resolve)) and against the data ([`prepare`](Settings::prepare)); what comes of it can begin.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let table = folder.path().join("survey.csv");
//! # let row = |i: u32| if i % 3 == 0 { "1,1,1,0,0,0,0,1\n" } else { "0,0,0,1,1,1,0,0\n" };
//! # std::fs::write(&table, (0..120).map(row).collect::<String>())?;
//! use arm_std::Settings;
//! use arm_std::train::Outcome;
//!
//! let settings = Settings {
//!     data: Some(table),
//!     network: Some("x-8-[4] / [4]-8-x".parse()?),
//!     steps: Some(600),
//!     batch: Some(10),
//!     lr: Some(0.02),
//!     ..Settings::default()
//! };
//! let run = settings.prepare(settings.resolve()?.load()?)?;
//! let outcome = run.train(1, None, None, &mut ())?;
//! let Outcome::Done { model, figures, .. } = outcome else { panic!("nobody asked to leave") };
//! assert_eq!(model.network.notation(), "8-8-[4] / [4]-8-8");
//! // The rows are of two kinds: far fewer than the 5.5 nats of eight coins.
//! assert!(figures.nll < 2.0, "{figures:?}");
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! `1` is the number of threads; the result does not depend on it, nor on the machine's cores. The two `None` are for other
//! processes that share the run ([`Peers`](driver::Peers)) and a checkpoint to go on from. `&mut ()` watches nothing.
//!
//! # Leaving, and going on
//!
//! An [`Observer`](train::Observer) sees every step and epoch, and says when to save and to leave. A run that goes on ends with the
//! same bits as one that was never left:
//!
//! ```
//! use arm_std::Settings;
//! use arm_std::data::{BitTable, Loaded, Table};
//! use arm_std::train::{Checkpoint, Failure, Next, Observer, Outcome};
//!
//! /// Leaves after ten steps.
//! #[derive(Default)]
//! struct TenSteps(Option<Checkpoint>);
//!
//! impl Observer for TenSteps {
//!     fn step(&mut self, step: u64, _: f32) -> Next {
//!         if step == 10 { Next::Leave } else { Next::Go }
//!     }
//!
//!     fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
//!         self.0 = Some(checkpoint.clone());
//!         Ok(())
//!     }
//! }
//!
//! // Data need not be files.
//! let bits: Vec<u8> = (0..50 * 12).map(|i| (i % 5 < 2).into()).collect();
//! let table = || BitTable::from_bytes(12, &bits).map(Table::Bits);
//! let loaded = Loaded {
//!     path: "twelve".into(),
//!     train: table()?,
//!     valid: table()?,
//!     test: table()?,
//!     origins: Default::default(),
//!     notes: vec![],
//! };
//! let settings = Settings { steps: Some(25), batch: Some(10), ..Settings::default() };
//! let run = settings.prepare(loaded)?;
//!
//! let whole = run.train(1, None, None, &mut ())?;
//! let mut first = TenSteps::default();
//! assert_eq!(run.train(1, None, None, &mut first)?, Outcome::Left(10));
//! assert_eq!(run.train(2, None, first.0, &mut ())?, whole);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Step by step
//!
//! Below a run lies a [`Driver`], generic over the estimator and the objective; it makes the steps, and knows no files, epochs or
//! settings. It takes any [`Estimator`](arm_core::estimator::Estimator) and [`Objective`](arm_core::objective::Objective), of one's own
//! too.
//!
//! ```
//! use arm_core::BitMatrix;
//! use arm_core::estimator::Arm;
//! use arm_core::objective::Vae;
//! use arm_core::optim::Adam;
//! use arm_std::{Driver, Model, Network};
//!
//! let network: Network = "16-8-[4] / [4]-8-16".parse()?;
//! let rows = [0x00ff_u32, 0xff00, 0x00ff, 0xff00];                // four rows of 16 bits, one a word
//! let mut driver = Driver::new(network.shape(), Arm, Vae, Adam::new(0.01), 1, rows.len(), 1)?;
//! let x = BitMatrix::new(&rows, 16);
//! let first = driver.step(x, rows.len())?;                        // mean -ELBO before the step, in nats
//! (0..300).try_for_each(|_| driver.step(x, rows.len()).map(drop))?;
//! assert!(driver.step(x, rows.len())? < first / 2.0);
//! let model = Model::new(network.clone(), driver.unpadded());
//! # assert_eq!(model.params.len(), network.shape().params());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A model: kept, scored, put on a device
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! use arm_core::Engine;
//! use arm_core::estimator::Arm;
//! use arm_std::data::BitTable;
//! use arm_std::kernels::Desktop;
//! use arm_std::measure::{Rows, Scores, Work, padded};
//! use arm_std::memory::LINE;
//! use arm_std::network::export::Export;
//! use arm_std::{Model, Network};
//!
//! let network: Network = "16-[4] / [4]-16".parse()?;
//! let params = vec![0.0; network.shape().params()];
//! let model = Model::new(network, params);
//! let path = folder.path().join("model.safetensors");
//! model.save(&path)?;
//! assert_eq!(Model::load(&path)?, model);
//!
//! // A score for every row: its -ELBO, and a bound of -log p(x) of 50 samples. Rows with a high one are unusual.
//! let table = BitTable::from_bytes(16, &[0; 3 * 16])?;
//! let engine = Engine::new(model.network.shape().padded(LINE), Desktop::new(), Arm, 1)?;
//! let scores = Scores::of(&engine, padded(&model).floats(), Rows::all(&table), 50, &mut Work::on(1))?;
//! assert!((scores.nll[2] - 16.0 * 2f32.ln()).abs() < 1e-3);       // nothing is learned: sixteen coins
//!
//! // The bytes that a device loads, and sources in Rust and C with a self-test.
//! let export = Export::new(&model)?;
//! assert_eq!(Model::from_bytes(&export.bytes)?, model);
//! let header: String = export.c("sensors")?;
//! # assert!(header.contains("sensors") && !export.rust().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The layers
//!
//! From the top down; each takes only from those below it.
//!
//! | module | what it is |
//! |---|---|
//! | `cli` | the `arm` command: part of the program, not of the library |
//! | [`runs`] | what runs leave behind: folders, lists, reports, pictures |
//! | [`train`] | settings, a run that can begin, the run, checkpoints |
//! | `fetch` | published data sets, downloaded and checked: the feature of that name |
//! | [`measure`] | of `arm-desktop`: evaluation, scores, predictions; how noisy an estimator is |
//! | [`driver`] | of `arm-desktop`: steps on threads, and on several machines |
//! | [`estimators`] | of `arm-desktop`: estimators by name, and those that use the gradient of f |
//! | [`network`] | of `arm-network`: notation, presets, models, export |
//! | [`data`], [`files`] | of `arm-data`: from files of any kind to tables of bits; files that are whole or absent |
//! | [`kernels`], [`memory`], [`pool`] | of `arm-simd`: vector instructions, aligned memory, threads |

#![forbid(unsafe_code)]

#[cfg(feature = "fetch")]
pub mod fetch;
pub mod runs;
pub mod train;

pub use arm_data as data;
pub use arm_data::files;
pub use arm_desktop::{driver, estimators, measure};
pub use arm_network as network;
pub use arm_simd as kernels;
pub use arm_simd::{memory, pool};
pub use driver::Driver;
pub use network::{Model, Network, Notation};
pub use train::Settings;
