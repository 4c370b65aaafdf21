//! Who may do what with whose calendars: grants as records, and one judgement over them (RFC 3744; specification 7.1).

pub mod delegate;
pub mod grants;
pub mod judge;

/// What the settings say about everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who may learn when an owner is busy, unless that owner says otherwise.
    pub free_busy: FreeBusy,
}

impl Default for Rules {
    fn default() -> Self {
        Self { free_busy: FreeBusy::Owners }
    }
}

/// Who may learn when an owner is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeBusy {
    /// All owners of this server.
    Owners,
    /// Nobody but those to whom it is granted.
    Nobody,
}
