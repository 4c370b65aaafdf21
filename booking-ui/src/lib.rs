//! The booking pages: a form in, a view out, no decision of their own.

pub mod service;
