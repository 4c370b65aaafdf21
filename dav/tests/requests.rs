//! Requests and answers over a backend in memory: methods, reports, conditions, filters, and what real clients send.

mod backend;
mod client;
mod suite;
