//! Scheduling messages as letters: to whom, by which way, and the SCHEDULE-STATUS that this has (RFC 6638 §3.2.9).

use std::collections::HashMap;
use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::{Message, Outgoing, with_schedule_status};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::outbox::{Letter, LetterId, LetterState};

use crate::directory;
use crate::owner::Owner;
use crate::reading::hex;
use crate::scheduling::rows::Talk;
use crate::scheduling::{letter, people, permission};
use crate::world::World;

/// The channel of letters to owners of this server.
pub const CHANNEL: &str = "scheduling";
/// How the ids of all letters of scheduling begin.
const LETTERS: &str = "itip.";

/// Octets of all letters of one change: a large attachment to many people is no invitation.
const LETTERS_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// What SCHEDULE-STATUS says (RFC 6638 §3.2.9).
pub(crate) mod status {
    /// It is on its way.
    pub(crate) const PENDING: &str = "1.0";
    /// It was sent; nobody knows whether it arrived.
    pub(crate) const SENT: &str = "1.1";
    /// It has arrived.
    pub(crate) const DELIVERED: &str = "1.2";
    /// The address is that of nobody who could be reached.
    pub(crate) const INVALID: &str = "3.7";
    /// The recipient does not permit it.
    pub(crate) const NOT_PERMITTED: &str = "3.8";
    /// It could not be delivered.
    pub(crate) const FAILED: &str = "5.1";
    /// There is no way to deliver it: mail is not set up.
    pub(crate) const NO_WAY: &str = "5.2";
    /// The recipient's calendar does not take it.
    pub(crate) const REJECTED: &str = "5.3";
}

/// What a letter to an owner of this server carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handed {
    /// Who speaks.
    pub(crate) sender: String,
    /// The message, METHOD included.
    pub(crate) calendar: String,
    /// Whether it is a bringing up to date that nobody must be told of.
    #[serde(default)]
    pub(crate) silent: bool,
}

/// Whether people are told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It is put into their inbox.
    Inbox,
    /// Their copy follows, and that is all.
    Silent,
}

/// Whether a letter is one of scheduling.
pub(crate) fn is_ours(letter: &Letter) -> bool {
    letter.id.0.starts_with(LETTERS)
}

/// The letters of one change, as they are written.
pub(crate) struct Posting<'a> {
    pub(crate) world: &'a World,
    /// Who speaks.
    pub(crate) owner: &'a Owner,
    pub(crate) talk: &'a mut Talk,
    pub(crate) letters: Vec<Letter>,
    /// Octets of the letters.
    octets: usize,
    statuses: HashMap<Address, &'static str>,
}

impl<'a> Posting<'a> {
    pub(crate) fn new(world: &'a World, owner: &'a Owner, talk: &'a mut Talk) -> Self {
        Self { world, owner, talk, letters: Vec::new(), octets: 0, statuses: HashMap::new() }
    }

    /// Writes the letters of a message, one for each recipient, and notes their statuses.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] for more than 64 MiB of letters; if a message of ours cannot be read, which would be a fault.
    pub(crate) async fn send(&mut self, outgoing: &Outgoing, notice: Notice) -> Result<(), Refusal> {
        let fault = |error: String| Refusal::Unavailable(format!("a message cannot be written: {error}"));
        let message = Message::read(Arc::clone(&outgoing.octets), &self.world.limits)
            .map_err(|error| fault(error.to_string()))?;
        let own = people::addresses_of(self.owner);
        let sender = self.sender(&message, &own);
        for to in outgoing.to.iter().filter(|to| !own.contains(to)) {
            let status = if let Some(recipient) = directory::owner_of(self.world, to) {
                if permission::may_deliver(self.world, (self.owner, &recipient), outgoing.method).await? {
                    let calendar = String::from_utf8_lossy(&outgoing.octets).into_owned();
                    let silent = notice == Notice::Silent;
                    let handed = Handed { sender: sender.as_str().to_owned(), calendar, silent };
                    let content = serde_json::to_string(&handed).map_err(|error| fault(error.to_string()))?;
                    self.write(&message, (CHANNEL, &recipient.id), content);
                    status::DELIVERED
                } else {
                    status::NOT_PERMITTED
                }
            } else {
                self.mail(&message, (&sender, to)).map_err(|error| fault(error.to_string()))?
            };
            self.statuses.insert(to.clone(), status);
            if self.octets > LETTERS_OCTETS_MAX {
                return Err(Refusal::TooLarge { limit: LETTERS_OCTETS_MAX });
            }
        }
        Ok(())
    }

    /// Who of the owner's addresses speaks in a message.
    fn sender(&self, message: &Message, own: &[Address]) -> Address {
        let named = message.organizer.iter().chain(&message.attendees).find(|who| own.contains(who));
        named.or_else(|| self.owner.addresses.first()).cloned().unwrap_or_else(|| Address::parse(""))
    }

    fn mail(
        &mut self,
        message: &Message,
        (sender, to): (&Address, &Address),
    ) -> Result<&'static str, serde_json::Error> {
        let is_address = |mail: &&str| mail.parse::<lettre::Address>().is_ok();
        let Some(mail) = to.mail().filter(is_address) else { return Ok(status::INVALID) };
        let Some(from) = self.world.mail_sender() else { return Ok(status::NO_WAY) };
        let id = self.next_id(message, mail);
        let envelope = letter::Envelope { from: &from, reply_to: sender, to, id: &id };
        let content = letter::content(self.owner, message, &envelope, self.world.now());
        let content = serde_json::to_string(&content)?;
        self.write(message, ("mail", mail), content);
        Ok(status::PENDING)
    }

    /// The id of the letter that is written next: the commit that counts it writes it, and no other. The stamp tells it
    /// from one that was written before an older state was restored.
    fn next_id(&self, message: &Message, destination: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&self.owner.id, message.object.uid(), destination] {
            hash.update(part);
            hash.update([0]);
        }
        hash.update(self.talk.stamped().to_be_bytes());
        format!("{LETTERS}{}.{}", hex(&hash.finalize()[..12]), self.talk.next_number())
    }

    fn write(&mut self, message: &Message, (channel, destination): (&str, &str), content: String) {
        let written = self.world.now().as_unix();
        let id = LetterId(self.next_id(message, destination));
        self.octets = self.octets.saturating_add(content.len());
        self.letters.push(Letter {
            id,
            owner: self.owner.id.clone(),
            channel: channel.to_owned(),
            destination: destination.to_owned(),
            topic: message.object.uid().to_owned(),
            content,
            written,
            due: written,
            attempts: 0,
            last_error: None,
            leased_until: 0,
            state: LetterState::Open,
            sequence: self.talk.number(),
        });
    }

    /// An object with the statuses of what was sent; `None` where it says so already.
    pub(crate) fn mark(&self, object: &CalendarObject) -> Option<Arc<[u8]>> {
        if self.statuses.is_empty() {
            return None;
        }
        with_schedule_status(object, |who, _| self.statuses.get(who).copied())
    }
}
