//! The certificates of all listeners, read again from their files when these change.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use calendar::time::Instant;
use rustls::ServerConfig;

use super::certificate::{Certificate, CertificateFault, Files};
use super::shelf::Shelf;
use crate::config::settings::{Front, Listen};

/// A certificate that ends sooner than this is told as a fault: renewal should have happened long ago.
const RENEWED_BEFORE_SECONDS: i64 = 7 * 86_400;

/// All that are presented; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Arc<Mutex<Vec<Post>>>);

/// A listener with its shelf.
#[derive(Debug)]
struct Post {
    address: SocketAddr,
    files: Files,
    shelf: Arc<Shelf>,
    /// The files as they were when they were last read; `None`: they are to be read again.
    seen: Option<[Stamp; 2]>,
    /// Why what is in the files is not presented.
    fault: Option<String>,
}

/// What changes when a file is written, or another put in its place.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// What came of looking at the files of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Another certificate is presented from now on.
    Renewed {
        /// Where.
        address: SocketAddr,
        /// Until when it is valid.
        until: Instant,
    },
    /// What the files hold is of no use; the old certificate stays.
    Kept {
        /// Where.
        address: SocketAddr,
        /// What is wrong, with the remedy.
        why: String,
    },
}

impl Certificates {
    /// Begins to present what the files of `listen` hold; `None` where it has no TLS.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn open(&self, listen: &Listen) -> Result<Option<Arc<ServerConfig>>, CertificateFault> {
        let Front::Files(files) = &listen.front else { return Ok(None) };
        let seen = Some(stamps(files));
        let shelf = Arc::new(Shelf::new(Certificate::load(files)?));
        let config = super::server_config(Arc::clone(&shelf)).map_err(|error| CertificateFault {
            side: super::certificate::Side::Key,
            what: format!("TLS cannot be set up: {error}"),
            remedy: "this is a fault of the program; please report it",
        })?;
        self.posts(|posts| {
            posts.push(Post { address: listen.address, files: files.clone(), shelf, seen, fault: None });
        });
        Ok(Some(config))
    }

    /// Whether no listener has TLS.
    pub fn is_empty(&self) -> bool {
        self.posts(|posts| posts.is_empty())
    }

    /// Takes the files that `listens` name from now on, and reads all of them again.
    pub fn follow(&self, listens: &[Listen], now: Instant) -> Vec<Look> {
        self.posts(|posts| {
            for post in posts.iter_mut() {
                let named = listens.iter().find(|listen| listen.address == post.address);
                if let Some(Front::Files(files)) = named.map(|listen| &listen.front) {
                    post.files = files.clone();
                }
                post.seen = None;
            }
        });
        self.look(now)
    }

    /// Reads the files that have changed. What is of no use is told once, and tried again at the next look: a key may
    /// be written a moment after its certificate.
    pub fn look(&self, now: Instant) -> Vec<Look> {
        self.posts(|posts| posts.iter_mut().filter_map(|post| post.look(now)).collect())
    }

    /// For each listener: where, whether all is well, and how it is.
    pub fn health(&self, now: Instant) -> Vec<(SocketAddr, bool, String)> {
        self.posts(|posts| posts.iter().map(|post| post.health(now)).collect())
    }

    fn posts<T>(&self, work: impl FnOnce(&mut Vec<Post>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Post {
    fn look(&mut self, now: Instant) -> Option<Look> {
        let stamps = stamps(&self.files);
        if self.seen == Some(stamps) && self.fault.is_none() {
            return None;
        }
        self.seen = Some(stamps);
        let old = self.shelf.current();
        let read = Certificate::load(&self.files).map_err(|fault| fault.to_string());
        let taken = read.and_then(|new| {
            // One that is not valid now replaces only one that is no better.
            if old.validity.holds(now) && !new.validity.holds(now) {
                let word = if new.validity.until < now { "has expired" } else { "is not valid yet" };
                return Err(format!(
                    "the certificate in {} {word}; renew it",
                    self.files.certificate.display()
                ));
            }
            Ok(new)
        });
        match taken {
            Ok(new) => {
                self.fault = None;
                if new.key.cert == old.key.cert {
                    return None;
                }
                let until = new.validity.until;
                self.shelf.put(new);
                Some(Look::Renewed { address: self.address, until })
            }
            Err(why) => {
                let told = self.fault.as_ref() == Some(&why);
                self.fault = Some(why.clone());
                (!told).then_some(Look::Kept { address: self.address, why })
            }
        }
    }

    fn health(&self, now: Instant) -> (SocketAddr, bool, String) {
        let validity = self.shelf.current().validity;
        let left = validity.until.since(now);
        let (mut ok, mut told) = if now < validity.from {
            (false, format!("is not valid before {}; is the clock right?", validity.from))
        } else if left < 0 {
            (false, format!("expired at {}; renew it", validity.until))
        } else {
            (
                left > RENEWED_BEFORE_SECONDS,
                format!("valid until {} ({} days)", validity.until, left / 86_400),
            )
        };
        if let Some(fault) = &self.fault {
            ok = false;
            told = format!("{told}; the files are not taken: {fault}");
        }
        (self.address, ok, told)
    }
}

fn stamps(files: &Files) -> [Stamp; 2] {
    [stamp(&files.certificate), stamp(&files.key)]
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}
