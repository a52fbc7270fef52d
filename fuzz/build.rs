//! There is nothing to do; the dependency of this script settles features (see Cargo.toml).
fn main() {}
