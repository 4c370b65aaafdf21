//! Blobs as they lie in a vault: compressed, and sealed if there is a key.
//!
//! A blob begins with `KALB`, the form (1) and 8 octets that say which key it is sealed with (0: none). Then comes the
//! content, deflated; sealed: a nonce of 24 octets and XChaCha20-Poly1305 over the deflated content, with the blob's
//! name as associated data, so that no blob passes for another. Content is named by its SHA-256, with a key by its
//! HMAC-SHA-256, so that a name tells nothing to those who have the content but not the key.

use std::io::{Read, Write};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::{BackupError, BackupKey, Entropy};

/// How every blob begins: four letters and the form.
const FRONT: &[u8; 5] = b"KALB\x01";

/// Octets that say which key a blob is sealed with.
const MARK_OCTETS: usize = 8;

/// Octets of a nonce.
const NONCE_OCTETS: usize = 24;

/// Octets of content in one blob; more is not believed.
const CONTENT_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// Names content, and turns it into blobs and back.
#[derive(Clone)]
pub(super) struct Seal {
    keys: Option<Keys>,
    mark: [u8; MARK_OCTETS],
}

#[derive(Clone)]
struct Keys {
    naming: [u8; 32],
    sealing: [u8; 32],
}

impl Seal {
    pub(super) fn new(key: Option<BackupKey>) -> Self {
        let Some(key) = key else { return Self { keys: None, mark: [0; MARK_OCTETS] } };
        let derive = |purpose: &str| keyed(key.octets(), purpose.as_bytes());
        let mut mark = [0; MARK_OCTETS];
        mark.copy_from_slice(&derive("kalends backup: which key")[..MARK_OCTETS]);
        let keys =
            Keys { naming: derive("kalends backup: names"), sealing: derive("kalends backup: content") };
        Self { keys: Some(keys), mark }
    }

    /// Whether there is a key.
    pub(super) const fn is_keyed(&self) -> bool {
        self.keys.is_some()
    }

    /// The key's mark: `plain` where there is none.
    pub(super) fn mark(&self) -> String {
        if self.keys.is_some() { hexadecimal(&self.mark) } else { "plain".into() }
    }

    /// The name of content: 64 hexadecimal digits.
    pub(super) fn name_of(&self, content: &[u8]) -> String {
        hexadecimal(&match &self.keys {
            None => Sha256::digest(content).into(),
            Some(keys) => keyed(&keys.naming, content),
        })
    }

    /// The blob of `content` that is to be kept under `name`.
    pub(super) fn close(
        &self,
        name: &str,
        content: &[u8],
        nonce: [u8; NONCE_OCTETS],
    ) -> Result<Vec<u8>, BackupError> {
        let failed = |why: String| BackupError::Damaged { name: name.into(), why };
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
        let deflated = deflated
            .write_all(content)
            .and_then(|()| deflated.finish())
            .map_err(|error| failed(error.to_string()))?;
        let mut blob = [&FRONT[..], &self.mark].concat();
        match &self.keys {
            None => blob.extend_from_slice(&deflated),
            Some(keys) => {
                let payload = Payload { msg: &deflated, aad: name.as_bytes() };
                let sealed = cipher(keys)
                    .encrypt(&XNonce::from(nonce), payload)
                    .map_err(|_| failed("it cannot be sealed".into()))?;
                blob.extend_from_slice(&nonce);
                blob.extend_from_slice(&sealed);
            }
        }
        Ok(blob)
    }

    /// The content of the blob that is kept under `name`.
    pub(super) fn open(&self, name: &str, blob: &[u8]) -> Result<Vec<u8>, BackupError> {
        let damaged = |why: &str| BackupError::Damaged { name: name.into(), why: why.into() };
        let rest = blob.strip_prefix(FRONT).ok_or_else(|| damaged("it does not begin as a backup does"))?;
        let (mark, body) = rest.split_first_chunk().ok_or_else(|| damaged("it is cut short"))?;
        if *mark != self.mark {
            return Err(BackupError::WrongKey { name: name.into(), sealed_with: said(*mark) });
        }
        match &self.keys {
            None => inflated(body),
            Some(keys) => {
                let (nonce, sealed) =
                    body.split_first_chunk::<NONCE_OCTETS>().ok_or_else(|| damaged("it is cut short"))?;
                let payload = Payload { msg: sealed, aad: name.as_bytes() };
                let deflated = cipher(keys)
                    .decrypt(&XNonce::from(*nonce), payload)
                    .map_err(|_| damaged("its seal is broken"))?;
                inflated(&deflated)
            }
        }
        .ok_or_else(|| damaged("it cannot be unpacked"))
    }
}

/// A nonce; of 24 octets none comes twice.
pub(super) fn nonce(entropy: Entropy<'_>) -> [u8; NONCE_OCTETS] {
    let mut nonce = [0; NONCE_OCTETS];
    let (first, second) = nonce.split_at_mut(16);
    first.copy_from_slice(&entropy());
    second.copy_from_slice(&entropy()[..NONCE_OCTETS - 16]);
    nonce
}

pub(super) fn hexadecimal(octets: &[u8]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet >> 4, octet & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn said(mark: [u8; MARK_OCTETS]) -> String {
    if mark == [0; MARK_OCTETS] { "no key".into() } else { format!("key {}", hexadecimal(&mark)) }
}

fn cipher(keys: &Keys) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(keys.sealing))
}

/// HMAC-SHA-256 (RFC 2104).
fn keyed(key: &[u8; 32], octets: &[u8]) -> [u8; 32] {
    // A key of 32 octets is within what the function takes; any length is.
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(key).map(|mac| mac.chain_update(octets));
    mac.map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
}

/// What `octets` were before they were deflated, if that is all that they are.
fn inflated(octets: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut decoder = DeflateDecoder::new(octets).take(CONTENT_OCTETS_MAX + 1);
    decoder.read_to_end(&mut content).ok()?;
    let whole = content.len() as u64 <= CONTENT_OCTETS_MAX;
    let read = decoder.into_inner().total_in();
    (whole && read == octets.len() as u64).then_some(content)
}
