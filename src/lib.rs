//! A wide table goes in; a learned code for every row and an honest 2-D map of them come out.
//!
//! The rooms, in the order in which they may use each other, are drawn in ARCHITECTURE.md; [`run`]
//! is the one place where they meet.

pub mod autoencoder;
#[cfg(feature = "cli")]
pub mod cli;
pub mod embed;
pub mod error;
pub mod evaluate;
pub mod event;
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
