//! What the protocol asks about the busy time of others (RFC 6638 §5, RFC 5546 §3.3).

use async_trait::async_trait;
use calendar::address::Address;
use calendar::busy::BusySet;
use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use calendar::time::Span;

use super::Caller;

/// A question when a calendar user is busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeBusyRequest {
    /// In whose name it is asked: the owner of the outbox.
    pub asker: PrincipalId,
    /// Who is asked about.
    pub attendee: Address,
    /// From when to when.
    pub window: Span,
    /// UIDs of events that are about to be moved and so make nobody busy; the first that the attendee has counts.
    pub except_uids: Vec<String>,
}

/// What is known of a calendar user's busy time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FreeBusyAnswer {
    /// This, clipped to the window.
    Busy(BusySet),
    /// They do not tell it to who asks.
    Withheld,
    /// They keep their calendar elsewhere, and nobody could be asked.
    Unreachable,
    /// Nobody is called that.
    Unknown,
}

/// Whoever knows when calendar users are busy.
#[async_trait]
pub trait FreeBusyRequests {
    /// The answer to a question; what hinders it is a refusal.
    async fn ask(&self, caller: &Caller, request: &FreeBusyRequest) -> Result<FreeBusyAnswer, Refusal>;

    /// What anybody may fetch who knows `key`, clipped to `window`; `None` where `owner` is nobody, or lets nobody fetch
    /// it, or `key` is wrong.
    async fn published_busy(
        &self,
        owner: &PrincipalId,
        key: Option<&str>,
        window: Span,
    ) -> Result<Option<BusySet>, Refusal>;
}
