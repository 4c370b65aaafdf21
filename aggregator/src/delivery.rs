//! Letters out: which way a letter goes (pure), and the worker that leases, delivers and settles.

pub mod folder;
pub mod mail;
pub mod route;
pub mod smtp;
pub mod worker;

use async_trait::async_trait;
use store::outbox::Letter;

pub use folder::FolderChannel;
pub use smtp::{SmtpChannel, SmtpSettings};
pub use worker::Courier;

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// It arrived.
    Yes,
    /// Try again later.
    Later(String),
    /// It will never arrive.
    Never(String),
}

/// What one try came to, for whoever waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It arrived.
    Arrived,
    /// It will be tried again.
    Waits,
    /// It was refused for good.
    Refused,
    /// It was tried long enough.
    GivenUp,
}

/// A way out of the house.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Delivers one letter; called twice with one letter it must do no harm.
    async fn deliver(&self, letter: &Letter) -> Delivered;
}
