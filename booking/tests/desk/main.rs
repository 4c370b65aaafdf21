//! The desk on a store in memory, with a clock that stands still and sources that have nothing to say.

#![allow(clippy::unwrap_used, reason = "a test ends where what it needs is not there")]

mod world;

mod booking;
mod changing;
mod contention;
mod letters;
mod refusing;
