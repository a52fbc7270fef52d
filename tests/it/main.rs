//! Everything that drives the built binary as a user would, in one test binary.

mod aligned;
mod architecture;
mod autoencoder;
mod bad_input;
mod docs;
mod export;
mod faults;
mod first_look;
mod fuzz;
mod novelty;
mod numbers;
mod other_forms;
mod pipelines;
mod program;
mod promises;
mod real_data;
mod sizes;
mod told;
mod verbs;
