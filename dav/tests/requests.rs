//! Requests and answers over a backend in memory: methods, reports, conditions, filters, and what real clients send.

#![allow(clippy::unwrap_used, unreachable_pub)] // helpers of tests are no tests to the lint

mod backend;
mod client;
mod suite;
