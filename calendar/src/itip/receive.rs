//! A message in: what we hold then, what goes out, what a person must decide, or why it changes nothing.
//!
//! Every METHOD of RFC 5546 for VEVENT and VTODO, PUBLISH, ADD and CANCEL for VJOURNAL; messages about VFREEBUSY are
//! recognised, and answered where busy time is known. What the organizer says changes an attendee's copy; what an
//! attendee says changes the organizer's.

mod add;
mod admit;
mod cancel;
mod counter;
mod refresh;
mod reply;
mod request;
mod word;

use std::sync::Arc;

use super::ledger::{About, Ledger};
use super::property::{address_of, addresses_in, attendee_among, organizer_of};
use super::{Message, Method, NotApplied, Outgoing};
use crate::address::Address;
use crate::limits::Limits;
use crate::object::{CalendarObject, Kind};
use crate::time::Instant;

pub use admit::{admit, apply_reply};
pub use counter::{accept_counter, decline_counter};

/// What we have of the UID that a message is about.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The object, if there is one.
    pub object: Option<&'a CalendarObject>,
    /// What was heard before; empty at first. It may know something where there is no object (yet, or any more).
    pub ledger: &'a Ledger,
}

/// Who got a message from whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// All addresses of the calendar's owner.
    pub recipient: &'a [Address],
    /// Who sent it, as far as the road it came by proves; `None`: not known, its word is taken.
    pub sender: Option<&'a Address>,
    /// DTSTAMP of what is sent.
    pub now: Instant,
    /// Bounds of reading and expansion.
    pub limits: &'a Limits,
}

/// What becomes of the held object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays as it is, or stays away.
    Unchanged,
    /// It is this, without METHOD.
    Object(Arc<[u8]>),
    /// It goes.
    Gone,
}

/// What a person must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// An attendee proposes another time or place (RFC 5546 §3.2.7): [`accept_counter`] or [`decline_counter`].
    Counter {
        /// Who proposes.
        from: Address,
        /// What for.
        about: Vec<About>,
        /// COMMENT.
        comment: Option<String>,
    },
    /// Somebody answers who was not invited (RFC 5546 §3.2.3): [`admit`], or nothing.
    Uninvited {
        /// Who answers.
        who: Address,
        /// CN.
        name: Option<String>,
        /// What they answer about.
        about: About,
        /// PARTSTAT.
        partstat: String,
    },
    /// Somebody else claims to be the organizer now (RFC 5546 §6.1.3). To agree: receive it again, holding nothing.
    NewOrganizer {
        /// Who is.
        known: Address,
        /// Who claims to be.
        claimed: Address,
    },
    /// The recipient is not on the list of attendees (RFC 5546 §3.2.2.6); it was filed for their information.
    Forwarded {
        /// Who sent it, if that is known.
        sender: Option<Address>,
    },
}

/// One thing that a message did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new here.
    Filed,
    /// A description was replaced.
    Updated {
        /// Which.
        about: About,
        /// Whether it takes place at another time.
        rescheduled: bool,
    },
    /// It was cancelled for all.
    Cancelled(About),
    /// The recipient was taken off the list.
    Removed(About),
    /// The cancellation is kept until what it cancels comes (RFC 5546 §5.2.1).
    Kept(About),
    /// An instance was added.
    Added(Instant),
    /// An attendee answered.
    Answered {
        /// Who.
        who: Address,
        /// About what.
        about: About,
        /// PARTSTAT.
        partstat: String,
        /// COMMENT.
        comment: Option<String>,
    },
    /// An attendee passed the invitation on.
    Delegated {
        /// Who did.
        from: Address,
        /// To whom.
        to: Address,
    },
    /// The organizer declined the recipient's proposal; what is held stays.
    CounterDeclined {
        /// COMMENT.
        comment: Option<String>,
    },
    /// An attendee asked for the latest revision.
    Refreshed(Address),
    /// A message about busy time, which is answered elsewhere.
    FreeBusy(Method),
}

/// What a message did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What becomes of the object.
    pub then: Then,
    /// What must be remembered from now on, whatever becomes of the object.
    pub ledger: Ledger,
    /// What goes out.
    pub send: Vec<Outgoing>,
    /// What a person must decide.
    pub ask: Vec<Question>,
    /// What it did, for people.
    pub changed: Vec<Change>,
}

/// Everything that a decision looks at.
#[derive(Clone, Copy)]
struct Case<'a> {
    held: Held<'a>,
    message: &'a Message,
    delivery: &'a Delivery<'a>,
}

impl Case<'_> {
    fn unchanged(&self) -> Received {
        Received {
            then: Then::Unchanged,
            ledger: self.held.ledger.clone(),
            send: Vec::new(),
            ask: Vec::new(),
            changed: Vec::new(),
        }
    }

    fn is_recipient(&self, who: &Address) -> bool {
        self.delivery.recipient.contains(who)
    }

    /// COMMENT of the message.
    fn comment(&self) -> Option<String> {
        self.message.object.components().find_map(|component| component.text("COMMENT"))
    }
}

/// What `message` changes in what is `held`.
///
/// Total: for every METHOD, every component, every octet. Costs what the message and the held object are long, and for
/// each instance it names a look into the series.
///
/// # Errors
/// [`NotApplied`] with the reason; then nothing changes, the ledger neither.
pub fn receive(held: Held<'_>, message: &Message, delivery: &Delivery<'_>) -> Result<Received, NotApplied> {
    let kind = message.object.kind();
    if !message.method.is_for(kind) {
        let (method, component) = (message.method.name(), kind.component_name());
        return Err(NotApplied::NotInTable { method, component });
    }
    let case = Case { held, message, delivery };
    if kind == Kind::FreeBusy {
        return Ok(Received { changed: vec![Change::FreeBusy(message.method)], ..case.unchanged() });
    }
    if held.object.is_some_and(|object| object.uid() != message.object.uid() || object.kind() != kind) {
        return Err(NotApplied::OtherUid);
    }
    if !message.method.is_of_organizer() {
        check_attendee(&case)?;
        return match message.method {
            Method::Refresh => refresh::refresh(&case),
            Method::Counter => counter::counter(&case),
            _ => reply::reply(&case),
        };
    }
    match check_organizer(&case)? {
        Claim::Contested(question) => Ok(Received { ask: vec![question], ..case.unchanged() }),
        Claim::Believed => match message.method {
            Method::Cancel => cancel::cancel(&case),
            Method::Add => add::add(&case),
            Method::DeclineCounter => counter::declined(&case),
            _ => request::request(&case),
        },
    }
}

enum Claim {
    Believed,
    Contested(Question),
}

fn organizer_held(object: &CalendarObject) -> Option<Address> {
    object.components().find_map(organizer_of)
}

/// Whether a message that only an organizer sends comes from the organizer.
fn check_organizer(case: &Case<'_>) -> Result<Claim, NotApplied> {
    let message = case.message;
    let known = case.held.object.and_then(organizer_held);
    // What nobody organizes and no message brought is the recipient's own.
    let is_private = case.held.object.is_some() && known.is_none() && case.held.ledger.heard.is_empty();
    let organizers = [message.organizer.as_ref(), known.as_ref()];
    if is_private || organizers.into_iter().flatten().any(|who| case.is_recipient(who)) {
        return Err(NotApplied::OwnEvent);
    }
    let Some(claimed) = &message.organizer else {
        // Feeds are published without.
        let is_feed = message.method == Method::Publish && known.is_none();
        return if is_feed { Ok(Claim::Believed) } else { Err(NotApplied::Lacks("ORGANIZER")) };
    };
    if let Some(known) = known.filter(|known| known != claimed) {
        // The old organizer may name a new one; nobody else may.
        if case.delivery.sender == Some(&known) && message.method == Method::Request {
            return Ok(Claim::Believed);
        }
        if message.method != Method::Request {
            return Err(NotApplied::NotTheOrganizer(claimed.clone()));
        }
        return Ok(Claim::Contested(Question::NewOrganizer { known, claimed: claimed.clone() }));
    }
    let Some(sender) = case.delivery.sender.filter(|sender| *sender != claimed) else {
        return Ok(Claim::Believed);
    };
    if acts_for(case, "ORGANIZER", claimed, sender) || may_pass_on(case, sender) {
        return Ok(Claim::Believed);
    }
    Err(NotApplied::NotTheSender { claimed: claimed.clone(), sender: sender.clone() })
}

/// Whether what is held names `sender` as who acts for `whom` in a property `name` (SENT-BY, RFC 5545 §3.2.18). What a
/// message says of that does not count: anybody can write it.
fn acts_for(case: &Case<'_>, name: &str, whom: &Address, sender: &Address) -> bool {
    let components = case.held.object.into_iter().flat_map(CalendarObject::components);
    let mut properties = components.flat_map(|component| component.properties_named(name));
    properties.any(|line| address_of(line) == *whom && addresses_in(line, "SENT-BY").contains(sender))
}

/// Whether somebody other than the organizer may send this: an invitation that is forwarded to whoever has none yet;
/// what concerns a delegation, by who delegated, which must be known by what is held.
fn may_pass_on(case: &Case<'_>, sender: &Address) -> bool {
    match (case.message.method, case.held.object) {
        (Method::Request | Method::Publish, None) => true,
        (Method::Request | Method::Cancel, Some(held)) => {
            let own = held.components().filter_map(|each| attendee_among(each, case.delivery.recipient));
            own.flat_map(|line| addresses_in(line, "DELEGATED-FROM")).any(|who| who == *sender)
        }
        _ => false,
    }
}

/// Whether a message that only attendees send is about the recipient's own event, and from one who it names.
fn check_attendee(case: &Case<'_>) -> Result<(), NotApplied> {
    let message = case.message;
    let held = case.held.object.ok_or(NotApplied::NotHeld)?;
    let known = organizer_held(held);
    match (&message.organizer, &known) {
        (Some(claimed), Some(known)) if claimed != known => {
            return Err(NotApplied::NotTheOrganizer(claimed.clone()));
        }
        _ => {}
    }
    let Some(first) = message.attendees.first() else { return Err(NotApplied::Lacks("ATTENDEE")) };
    let own = known.as_ref().or(message.organizer.as_ref());
    let is_own = own.is_none_or(|organizer| case.is_recipient(organizer));
    let is_of_delegate = || message.method == Method::Reply && reply::is_of_delegate(case, held);
    if !(is_own || is_of_delegate()) {
        let recipient = case.delivery.recipient.first().cloned();
        return Err(NotApplied::NotTheOrganizer(recipient.unwrap_or_else(|| Address::parse(""))));
    }
    let speaks = |sender: &&Address| {
        message.attendees.iter().any(|who| who == *sender || acts_for(case, "ATTENDEE", who, sender))
    };
    match case.delivery.sender {
        Some(sender) if !speaks(&sender) => {
            Err(NotApplied::NotTheSender { claimed: first.clone(), sender: sender.clone() })
        }
        _ => Ok(()),
    }
}
