//! Which engine, and opening it in a folder.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use super::memory::MemoryEngine;
use super::{Engine, EngineError, redb, sled};

/// The engines by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The default.
    #[default]
    Redb,
    /// sled 0.34 with its guards.
    Sled,
    /// Forgets when the program ends.
    Memory,
}

impl EngineChoice {
    /// All, the default first.
    pub const ALL: [Self; 3] = [Self::Redb, Self::Sled, Self::Memory];

    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::Sled => "sled",
            Self::Memory => "memory",
        }
    }

    /// Opens the store in `folder`, making both if there are none; `cache_octets`: memory to keep pages in. Blocks: it
    /// may read the whole store after a crash.
    ///
    /// # Errors
    /// [`EngineError::InUse`] if another process has it open, [`EngineError::Damaged`] if it must be restored.
    pub fn open(self, folder: &Path, cache_octets: usize) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(match self {
            Self::Redb => Arc::new(redb::open(folder, cache_octets)?),
            Self::Sled => Arc::new(sled::open(folder, cache_octets)?),
            Self::Memory => Arc::new(MemoryEngine::new()),
        })
    }
}

/// Memory to keep pages in unless the settings say otherwise: a store of 10,000 events is small, and the operating
/// system caches its file besides.
pub const CACHE_OCTETS: usize = 4 * 1024 * 1024;

impl fmt::Display for EngineChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for EngineChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.name() == name)
            .ok_or_else(|| format!("there is no engine `{name}`: it is redb, sled or memory"))
    }
}
