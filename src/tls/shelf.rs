//! What a listener presents: one certificate with its key, exchanged while connections go on.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::Certificate;

/// The place where the certificate of a listener lies.
///
/// Connections take whatever lies there when they begin; those that are open keep what they have. Clients that name no
/// host, or another one, are shown the same: it is for them to judge.
#[derive(Debug)]
pub struct Shelf(RwLock<Arc<Certificate>>);

impl Shelf {
    /// A shelf with a certificate on it.
    pub fn new(certificate: Certificate) -> Self {
        Self(RwLock::new(Arc::new(certificate)))
    }

    /// What lies there.
    pub fn current(&self) -> Arc<Certificate> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another certificate in its place.
    pub fn put(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
    }
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current().key))
    }
}
