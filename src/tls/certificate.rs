//! A certificate with its key, from PEM files; what is wrong with them, and the remedy.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::validity::Validity;

/// Octets of a file of certificates, or of a key.
const FILE_OCTETS_MAX: u64 = 1024 * 1024;
/// Certificates in one file: the server's and those between it and the root.
const CHAIN_MAX: usize = 16;

/// A certificate with what leads to its root, and the key.
#[derive(Debug)]
pub struct Certificate {
    /// As it is presented.
    pub key: Arc<CertifiedKey>,
    /// When it is valid.
    pub validity: Validity,
}

/// Where a certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate, then those between it and the root: PEM.
    pub certificate: PathBuf,
    /// The key: PEM.
    pub key: PathBuf,
}

/// Which of the two files a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The certificate's.
    Certificate,
    /// The key's.
    Key,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct CertificateFault {
    /// Where.
    pub side: Side,
    /// What.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

const KEY_FORMS: &str = "give it as PEM: PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY";
const CERTIFICATE_FORM: &str = "give it as PEM, the server's own certificate first";

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(files: &Files) -> Result<Self, CertificateFault> {
        let chain = chain(&files.certificate)?;
        let key = key(&files.key)?;
        let shown = files.certificate.display();
        let at_certificate =
            |what| CertificateFault { side: Side::Certificate, what, remedy: CERTIFICATE_FORM };
        let unreadable = || at_certificate(format!("the first certificate in {shown} is none"));
        let validity = chain.first().and_then(|first| Validity::of(first)).ok_or_else(unreadable)?;
        let provider = rustls::crypto::ring::default_provider();
        let key = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateFault {
                side: Side::Key,
                what: format!("{} is not the key of the certificate in {shown}", files.key.display()),
                remedy: "give the key that the certificate was made for; the server's own certificate stands first",
            },
            rustls::Error::InvalidCertificate(_) => unreadable(),
            other => CertificateFault {
                side: Side::Key,
                what: format!("the key in {} cannot be used: {other}", files.key.display()),
                remedy: "use an ECDSA key (P-256 or P-384), Ed25519, or RSA of 2048 bits and more",
            },
        })?;
        Ok(Self { key: Arc::new(key), validity })
    }
}

fn read(path: &Path, side: Side) -> Result<Vec<u8>, CertificateFault> {
    let fault = |what: String, remedy| CertificateFault { side, what, remedy };
    let read = std::fs::File::open(path).and_then(|file| {
        let mut octets = Vec::new();
        file.take(FILE_OCTETS_MAX + 1).read_to_end(&mut octets).map(|_| octets)
    });
    let octets = read.map_err(|error| {
        fault(format!("cannot read {}: {error}", path.display()), "name a PEM file that this user may read")
    })?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > FILE_OCTETS_MAX {
        return Err(fault(format!("{} is larger than 1 MiB", path.display()), "name a PEM file"));
    }
    Ok(octets)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let fault = |what: String| CertificateFault { side: Side::Certificate, what, remedy: CERTIFICATE_FORM };
    let octets = read(path, Side::Certificate)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&octets)
        .take(CHAIN_MAX + 1)
        .collect::<Result<_, pem::Error>>()
        .map_err(|_| fault(format!("{} is damaged", path.display())))?;
    if chain.is_empty() {
        return Err(fault(format!("there is no certificate in {}", path.display())));
    }
    if chain.len() > CHAIN_MAX {
        let what = format!("there are more than {CHAIN_MAX} certificates in {}", path.display());
        let remedy = "name the server's own chain, not a collection of roots";
        return Err(CertificateFault { remedy, ..fault(what) });
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateFault> {
    let fault = |what, remedy| CertificateFault { side: Side::Key, what, remedy };
    let octets = read(path, Side::Key)?;
    let is_locked = |mark: &[u8]| octets.windows(mark.len()).any(|window| window == mark);
    if is_locked(b"ENCRYPTED PRIVATE KEY") || is_locked(b"Proc-Type: 4,ENCRYPTED") {
        let what = format!("the key in {} is locked by a passphrase", path.display());
        return Err(fault(what, "unlock it into a file of mode 0600: openssl pkey -in KEY -out KEY.open"));
    }
    PrivateKeyDer::from_pem_slice(&octets).map_err(|error| match error {
        pem::Error::NoItemsFound => fault(format!("there is no key in {}", path.display()), KEY_FORMS),
        _ => fault(format!("{} is damaged", path.display()), KEY_FORMS),
    })
}
