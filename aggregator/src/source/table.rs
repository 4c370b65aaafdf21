//! The one place that knows which dialects there are.

use calendar::limits::Limits;
use calendar::time::Instant;

use crate::owner::SourceKind;
use crate::source::Source;
use crate::source::http::Fetcher;
use crate::source::ics::Ics;

/// What a source works with for one step.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Asks web servers.
    pub http: Fetcher,
    /// When the step is taken.
    pub now: Instant,
    /// Bounds of what is read.
    pub limits: Limits,
}

/// The source that `kind` describes, for one step.
pub fn open(kind: &SourceKind, opening: Opening) -> Box<dyn Source> {
    match kind {
        SourceKind::Ics(settings) => Box::new(Ics::new(settings.clone(), opening)),
    }
}

/// The name of a dialect in settings and status pages.
pub const fn name_of(kind: &SourceKind) -> &'static str {
    match kind {
        SourceKind::Ics(_) => "ics",
    }
}

/// The settings of a dialect as one text, credentials included: to be hashed, so that a change is noticed.
pub(crate) fn wording(kind: &SourceKind) -> String {
    match kind {
        SourceKind::Ics(settings) => format!(
            "ics\0{:?}\0{:?}\0{}\0{}",
            settings.location, settings.credentials, settings.allow_http, settings.allow_private
        ),
    }
}
