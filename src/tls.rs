//! TLS in front: certificates, kept where they are exchanged while connections go on.
//!
//! A [`shelf::Shelf`] holds what a listener presents. Whoever obtains certificates puts them there: today
//! [`certificates::Certificates`], which reads files again when they change.

pub mod certificate;
pub mod certificates;
pub mod shelf;
pub mod validity;

use std::sync::Arc;

use rustls::ServerConfig;

use shelf::Shelf;

/// What is spoken above TLS, the preferred first (RFC 7301).
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How a listener that presents what is on `shelf` speaks: TLS 1.3 and 1.2, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// If the provider lacks what these versions need.
pub fn server_config(shelf: Arc<Shelf>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(shelf);
    config.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    Ok(Arc::new(config))
}
