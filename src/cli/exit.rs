//! How a command ended: exit codes, and failures that know theirs.

use booking::desk::NotBooked;
use calendar::refusal::Refusal;
use calendar::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::console::Console;
use super::moment;

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// 0.
    Done,
    /// 1.
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 3: the configuration is wrong.
    Configuration,
    /// 4: refused, or not available.
    Refused,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Refused => 4,
        }
    }
}

/// Why a command did not do what it should.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// For a person.
    pub what: String,
    /// A reason's name for programs (`slot_taken` …).
    pub name: Option<String>,
    /// Lines that help: nearest times, wrong fields.
    pub help: Vec<String>,
}

/// What a command comes to.
pub type Outcome = Result<(), Failure>;

impl Failure {
    /// It failed.
    pub fn failed(what: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, what: what.into(), name: None, help: Vec::new() }
    }

    /// The command line is wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(what) }
    }

    /// It was refused.
    pub fn refused(what: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, ..Self::failed(what) }
    }

    /// It failed, and what there is to say has been said.
    pub fn told() -> Self {
        Self::failed("")
    }

    /// What a desk said, with times in `zone`.
    pub fn of_desk(not: NotBooked, zone: &Zone) -> Self {
        match not {
            NotBooked::Rejected { why, alternatives } => {
                let nearest = alternatives.iter().map(|slot| {
                    format!(
                        "open: {}  ({})",
                        moment::at(slot.span.start, zone),
                        moment::rfc3339(slot.span.start, zone)
                    )
                });
                Self { name: Some(why.name.to_owned()), help: nearest.collect(), ..Self::refused(why.reason) }
            }
            NotBooked::Invalid(fields) => {
                let help = fields.iter().map(|(field, what)| format!("{field}: {what}")).collect();
                Self {
                    name: Some("invalid".to_owned()),
                    help,
                    ..Self::usage("something is missing or wrong")
                }
            }
            NotBooked::NotFound => Self {
                name: Some("not_found".to_owned()),
                ..Self::refused("there is no such owner, event type or booking")
            },
            NotBooked::Refused(refusal) => refusal.into(),
        }
    }

    /// Says it.
    pub fn tell(&self, console: &Console) {
        if self.what.is_empty() {
            return;
        }
        if console.manner.json {
            console.json(&json!({
                "error": self.what,
                "name": self.name,
                "help": self.help,
                "exit": self.exit.code(),
            }));
            return;
        }
        match &self.name {
            Some(name) if self.exit == Exit::Refused => console.error(format_args!("{} ({name})", self.what)),
            _ => console.error(&self.what),
        }
        for line in &self.help {
            console.note(format_args!("  {line}"));
        }
    }
}

/// The exit of an outcome, which is told.
pub fn told(outcome: Outcome, console: &Console) -> Exit {
    match outcome {
        Ok(()) => Exit::Done,
        Err(failure) => {
            failure.tell(console);
            failure.exit
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::NotBookable { name, reason } => {
                Self { name: Some((*name).to_owned()), ..Self::refused(reason.clone()) }
            }
            Refusal::Full | Refusal::Unavailable(_) => Self::failed(refusal.to_string()),
            _ => Self::refused(refusal.to_string()),
        }
    }
}

impl From<store::EngineError> for Failure {
    fn from(error: store::EngineError) -> Self {
        Self::failed(error.to_string())
    }
}
