//! A wide table goes in; a learned code for every row and an honest 2-D map of them come out.
//!
//! The rooms, in the order in which they may use each other, are drawn in ARCHITECTURE.md; [`run`]
//! is the one place where they meet.
//!
//! # As a library
//!
//! The numeric rooms take and give arrays, and know nothing of files. A row per sample, a column per feature:
//!
//! ```
//! use ndarray::Array2;
//! use reduce::autoencoder::{self, DataFacts, Options};
//! use reduce::event::silent;
//! use reduce::seed::Seed;
//! use reduce::value::Auto;
//! use reduce::{embed, neighbors, split};
//!
//! // 200 rows of 6 features on a curve that bends: one number would do, were it not for the bend
//! let table = Array2::from_shape_fn((200, 6), |(row, column)| {
//!     let along = row as f32 * 0.01;
//!     (along * (1.0 + column as f32)).sin()
//! });
//! let seed = Seed(42);
//! let held_out = split::random(table.nrows(), 0.1, seed)?;
//!
//! let mut options = Options { code_size: Some(Auto::Given(2)), hidden: Auto::Given(vec![16]), ..Options::default() };
//! options.training.max_epochs = Auto::Given(20);
//! let names: Vec<String> = (0..6).map(|column| format!("feature_{column}")).collect();
//! let options = options.resolve(held_out.training.len(), &DataFacts::of(table.view()), &names)?; // decides every other `auto`
//!
//! let fitted = autoencoder::fit(table.view(), &held_out, &options, seed, &mut silent)?;
//! let codes = fitted.autoencoder.encode(table.view());
//! assert_eq!(codes.dim(), (200, 2));
//! assert!(fitted.history.validation_mse <= fitted.history.pca_validation_mse); // never worse than as many principal axes
//!
//! let map = embed::Options { iterations: 50, ..embed::Options::default() }.resolve(codes.nrows(), codes.ncols())?;
//! let near = neighbors::find(codes.view(), map.neighbors_needed(), neighbors::Method::Auto, seed, &mut silent)?;
//! let embedding = embed::fit(codes.view(), &near, &map, None, seed, &mut silent)?;
//! assert_eq!(embedding.points.dim(), (200, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A whole pipeline is [`pipeline::Pipeline::load`] and [`run::run`]; a trained model on disk is [`model::Model`].

pub mod autoencoder;
#[cfg(feature = "cli")]
pub mod cli;
pub mod embed;
pub mod error;
pub mod evaluate;
pub mod event;
pub mod export;
pub mod interop;
pub mod matmul;
pub mod model;
pub mod neighbors;
pub mod pca;
pub mod pipeline;
pub mod plan;
pub mod plot;
pub mod prepare;
pub mod report;
pub mod run;
pub mod seed;
pub mod split;
pub mod table;
pub mod value;
