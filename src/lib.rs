//! A wide table goes in; a learned code for every row and an honest 2-D map of them come out.
//!
//! The rooms, in the order in which they may use each other, are drawn in ARCHITECTURE.md; [`run`]
//! is the one place where they meet.

pub mod error;
pub mod event;
pub mod matmul;
pub mod seed;
pub mod split;
pub mod value;
