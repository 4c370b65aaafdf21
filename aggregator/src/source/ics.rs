//! ICS feeds: a URL, a file, or a folder of files (specification 4.5).
//!
//! A feed has no sync state of its own: the cursor holds what tells that nothing has changed (validators of the web
//! server, times of files, a hash of the text), as JSON.

pub mod files;
pub mod map;
pub mod wire;

use async_trait::async_trait;

use crate::owner::{IcsLocation, IcsSettings};
use crate::source::table::Opening;
use crate::source::{Cursor, Source, SourceError, Step};

/// A feed, for one step.
pub struct Ics {
    settings: IcsSettings,
    opening: Opening,
}

impl Ics {
    /// The feed that `settings` describe.
    pub fn new(settings: IcsSettings, opening: Opening) -> Self {
        Self { settings, opening }
    }
}

#[async_trait]
impl Source for Ics {
    async fn changes(&self, cursor: Option<&Cursor>) -> Result<Step, SourceError> {
        match &self.settings.location {
            IcsLocation::Url(url) => wire::changes(&self.settings, url, &self.opening, cursor).await,
            IcsLocation::File(path) => files::file(path, &self.opening, cursor).await,
            IcsLocation::Folder(path) => files::folder(path, &self.opening, cursor).await,
        }
    }
}
