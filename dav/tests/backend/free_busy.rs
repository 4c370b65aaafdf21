//! Who is busy when, in memory: Ada and Bob tell, Carol does not, those with a mail address are elsewhere.

use async_trait::async_trait;
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use calendar::time::Span;
use dav::backend::*;

use super::Memory;

#[async_trait]
impl FreeBusyRequests for Memory {
    async fn ask(&self, _: &Caller, request: &FreeBusyRequest) -> Result<FreeBusyAnswer, Refusal> {
        let window = request.window;
        let address = request.attendee.as_str();
        let first_hour = Span::new(window.start, window.start.plus(3600));
        let busy = BusyPeriod { span: first_hour, kind: BusyType::Busy };
        Ok(match address {
            "mailto:ada@example.org" | "/dav/principals/ada/" => {
                FreeBusyAnswer::Busy([busy].into_iter().collect())
            }
            "mailto:bob@example.org" if request.except_uids.iter().any(|uid| uid == "moved") => {
                FreeBusyAnswer::Busy([].into_iter().collect())
            }
            "mailto:bob@example.org" => FreeBusyAnswer::Busy([busy].into_iter().collect()),
            "mailto:carol@example.org" => FreeBusyAnswer::Withheld,
            "mailto:broken@example.org" => return Err(Refusal::Contended),
            _ if request.attendee.mail().is_some() => FreeBusyAnswer::Unreachable,
            _ => FreeBusyAnswer::Unknown,
        })
    }

    async fn published_busy(
        &self,
        owner: &PrincipalId,
        _: Option<&str>,
        _: Span,
    ) -> Result<Option<BusySet>, Refusal> {
        Ok((owner.as_str() == "ada").then(BusySet::empty))
    }
}
