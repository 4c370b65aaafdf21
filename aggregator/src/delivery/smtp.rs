//! Mail by SMTP (RFC 5321): to a relay, encrypted unless it is this machine.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;
use store::outbox::Letter;

use super::mail::{self, MailContent};
use super::{Channel, Delivered};

/// Connections kept to the relay.
const CONNECTIONS_MAX: u32 = 4;
/// For each command, in seconds.
const COMMAND_SECONDS: u64 = 30;
/// Codes by which a relay refuses us and not the letter: sign-in, encryption, policy at the greeting.
const ABOUT_US: &[u16] = &[502, 503, 504, 521, 530, 534, 535, 538];

/// Where mail is handed over.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtps://host[:465]` (encrypted from the first octet), `smtp://host[:587]` (STARTTLS, or nothing is sent;
    /// this machine: port 25, not encrypted), `smtp://host[:25]?tls=none` (not encrypted, because the operator says so).
    pub url: String,
    /// Name to sign in with.
    pub user: Option<String>,
    /// Password.
    pub password: Option<String>,
}

impl std::fmt::Debug for SmtpSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SmtpSettings").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The settings describe no relay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail relay: {0}")]
pub struct SmtpSettingsError(String);

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    FromTheStart,
    StartTls,
    None,
}

/// Hands letters to a relay. Must be made inside a runtime: connections are kept and looked after.
pub struct SmtpChannel {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpChannel {
    /// A channel to the relay of `settings`.
    ///
    /// # Errors
    /// If the URL is none of the three kinds, or a password would travel unprotected.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpSettingsError> {
        let fault = |text: &str| SmtpSettingsError(text.to_owned());
        let url = Url::parse(&settings.url).map_err(|error| SmtpSettingsError(error.to_string()))?;
        let host = url.host_str().ok_or_else(|| fault("the address names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault("user and password have settings of their own"));
        }
        let this_machine = is_this_machine(&host);
        let plain_asked = url.query_pairs().any(|(name, value)| name == "tls" && value == "none");
        let (protection, usual_port) = match url.scheme() {
            "smtps" => (Protection::FromTheStart, 465),
            "smtp" if this_machine || plain_asked => (Protection::None, 25),
            "smtp" => (Protection::StartTls, 587),
            _ => return Err(fault("the address begins with smtp:// or smtps://")),
        };
        let parameters =
            || TlsParameters::new(host.clone()).map_err(|error| SmtpSettingsError(error.to_string()));
        let tls = match protection {
            Protection::FromTheStart => Tls::Wrapper(parameters()?),
            Protection::StartTls => Tls::Required(parameters()?),
            Protection::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.clone())
            .port(url.port().unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(Duration::from_secs(COMMAND_SECONDS)))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
        if let (Some(user), Some(password)) = (&settings.user, &settings.password) {
            if protection == Protection::None && !this_machine {
                return Err(fault("a password is not sent over an unprotected connection"));
            }
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build() })
    }

    /// Whether the relay answers and takes our name and password; for `check` and `doctor`.
    ///
    /// # Errors
    /// What the relay or the network says.
    pub async fn test(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the relay answers, but not as a mail server".into()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        let content: MailContent = match serde_json::from_str(&letter.content) {
            Ok(content) => content,
            Err(error) => return Delivered::Never(format!("the letter cannot be read: {error}")),
        };
        let message = match mail::message(&content) {
            Ok(message) => message,
            Err(error) => return Delivered::Never(error.to_string()),
        };
        match self.transport.send(message).await {
            Ok(_) => Delivered::Yes,
            Err(error) => fate(&error),
        }
    }
}

/// What an error means for the letter: 5xx to it is for ever; everything else, and what concerns us and not it, passes.
fn fate(error: &lettre::transport::smtp::Error) -> Delivered {
    let text = error.to_string();
    let about_us = error
        .status()
        .and_then(|code| code.to_string().parse::<u16>().ok())
        .is_some_and(|code| ABOUT_US.contains(&code));
    if error.is_permanent() && !about_us { Delivered::Never(text) } else { Delivered::Later(text) }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
