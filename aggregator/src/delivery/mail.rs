//! iTIP by mail (RFC 6047): a letter's content, the message made of it, and the two ways to send it.

use serde::{Deserialize, Serialize};

/// What a letter of the channel `mail` carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailContent {
    /// Local part and host of the Message-ID, stable: the same letter is the same message.
    pub message_id: String,
    /// The recipient's address.
    pub to: String,
    /// The recipient's name.
    #[serde(default)]
    pub to_name: Option<String>,
    /// The sender's address.
    pub from: String,
    /// The sender's name (the host's).
    #[serde(default)]
    pub from_name: Option<String>,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Subject: the plain title and date.
    pub subject: String,
    /// The readable text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// The METHOD and the iCalendar text, if it is a scheduling message.
    #[serde(default)]
    pub calendar: Option<(String, String)>,
    /// When it was written, UTC seconds: the Date header.
    pub written: i64,
}
