//! An ordered map with conditional commits, and the objects, change log, busy index, outbox and records kept in it.

pub mod backup;
pub mod busy_index;
pub mod change_log;
pub mod check;
pub mod collections;
pub mod commit;
pub mod engine;
pub mod identity;
pub mod key;
pub mod migration;
pub mod objects;
pub mod outbox;
pub mod records;
pub mod table;

use std::sync::Arc;

pub use commit::Change;
pub use engine::{Committed, Engine, EngineError};

/// What is kept, over one engine.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) moves: Arc<busy_index::Moves>,
}

impl Store {
    /// A store over `engine`.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, moves: Arc::default() }
    }

    /// The engine, for backups, checks and tests of the contract.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }
}

/// The front page's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;
