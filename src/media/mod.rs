//! Photos: what is done with their bytes.

/// What a photo's bytes say, and the copies that people are shown. A crate of its own, because it works on every pixel
/// and so must be optimised even where the rest is built for debugging.
pub use photos as processing;
