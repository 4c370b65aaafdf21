//! Typed rows over keys and values.
