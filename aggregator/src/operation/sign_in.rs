//! Signing in to CalDAV: app passwords, one a device, named, shown once, revocable (specification 7.1).
//!
//! Argon2id costs on purpose, so a credential that was found right is remembered for five minutes (as a keyed hash, in
//! memory only) and at most two are computed at once. Unknown names cost what wrong passwords cost.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version as Argon2Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::records::Table;
use store::{Change, Committed};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::owner::{Owner, PasswordCheck};
use crate::world::{World, refusal_of};

/// App passwords: key owner, id.
const TABLE: Table = Table("app-passwords");
/// Seconds for which a credential that was found right is not computed again.
const REMEMBER_SECONDS: i64 = 300;
/// Wrong passwords for one name before it has to wait.
const FAILURES_MAX: u32 = 10;
/// Seconds after which a wrong password is forgotten.
const FAILURE_SECONDS: i64 = 60;
/// Names and credentials remembered at most.
const REMEMBERED_MAX: usize = 10_000;
/// App passwords of one owner at most.
const PASSWORDS_MAX: usize = 100;
/// Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;

/// An app password, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// What revokes it.
    pub id: String,
    /// The device, as the owner calls it.
    pub label: String,
    /// Argon2id in PHC form.
    hash: String,
    /// When it was made, UTC seconds.
    pub created: i64,
    /// When it was last found right (to five minutes), UTC seconds.
    #[serde(default)]
    pub last_used: Option<i64>,
    /// From which address that was, if it is known.
    #[serde(default)]
    pub last_address: Option<IpAddr>,
}

/// The answer to a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They are this owner's.
    Owner(String),
    /// They are nobody's.
    Wrong,
    /// Too many wrong ones for this name; ask again after so many seconds.
    Wait(u64),
}

/// Credentials that were found right or wrong a short while ago.
pub struct Verified {
    right: Mutex<Right>,
    wrong: Mutex<HashMap<String, (u32, Instant)>>,
    computing: Semaphore,
}

/// What was found right, and how often everything was forgotten: what was computed from passwords read before that
/// must not be remembered after it.
#[derive(Default)]
struct Right {
    forgotten: u64,
    known: HashMap<[u8; 32], (String, Instant)>,
}

impl Default for Verified {
    fn default() -> Self {
        Self { right: Mutex::default(), wrong: Mutex::default(), computing: Semaphore::new(2) }
    }
}

impl Verified {
    /// Forgets every credential (one was revoked, or the settings have changed).
    pub fn forget_all(&self) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.forgotten += 1;
        right.known.clear();
    }

    /// How often everything was forgotten.
    fn forgotten(&self) -> u64 {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).forgotten
    }

    fn remembered(&self, key: &[u8; 32], now: Instant) -> Option<String> {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right
            .known
            .get(key)
            .filter(|(_, until)| is_ahead(*until, now, REMEMBER_SECONDS))
            .map(|(owner, _)| owner.clone())
    }

    fn remember(&self, key: [u8; 32], owner: &str, (now, forgotten): (Instant, u64)) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.forgotten != forgotten {
            return;
        }
        if right.known.len() >= REMEMBERED_MAX {
            right.known.retain(|_, (_, until)| is_ahead(*until, now, REMEMBER_SECONDS));
        }
        if right.known.len() < REMEMBERED_MAX {
            right.known.insert(key, (owner.to_owned(), now.plus(REMEMBER_SECONDS)));
        }
    }

    /// Seconds that `user` has to wait, if there were too many wrong passwords.
    fn wait(&self, user: &str, now: Instant) -> Option<u64> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, until) = wrong.get(user)?;
        let left = until.since(now);
        (*count >= FAILURES_MAX && is_ahead(*until, now, FAILURE_SECONDS))
            .then(|| u64::try_from(left).unwrap_or(1))
    }

    fn failed(&self, user: &str, now: Instant) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= REMEMBERED_MAX {
            wrong.retain(|_, (_, until)| is_ahead(*until, now, FAILURE_SECONDS));
        }
        let entry = wrong.entry(user.to_owned()).or_insert((0, now));
        let count = if is_ahead(entry.1, now, FAILURE_SECONDS) { entry.0 + 1 } else { 1 };
        *entry = (count, now.plus(FAILURE_SECONDS));
    }
}

/// Whether `until` is still to come; one further ahead than anything is set was set by a clock that ran ahead.
fn is_ahead(until: Instant, now: Instant, seconds_max: i64) -> bool {
    (1..=seconds_max).contains(&until.since(now))
}

/// Whether `user` (an owner's id or one of their addresses) and `password` are right.
///
/// # Errors
/// If the store cannot be read.
pub async fn check(world: &World, user: &str, password: &str) -> Result<Answer, Refusal> {
    check_from(world, (user, password), None).await
}

/// The same for whoever asks from an address, which is noted with the password that was used.
///
/// # Errors
/// If the store cannot be read.
pub async fn check_from(
    world: &World,
    (user, password): (&str, &str),
    from: Option<IpAddr>,
) -> Result<Answer, Refusal> {
    let now = world.now();
    let user = user.trim().to_lowercase();
    let key = key_of(&user, password);
    if let Some(owner) = world.verified.remembered(&key, now)
        && world.owner(&owner).is_some()
    {
        return Ok(Answer::Owner(owner));
    }
    if let Some(seconds) = world.verified.wait(&user, now) {
        return Ok(Answer::Wait(seconds));
    }
    let forgotten = world.verified.forgotten();
    let owner = world.owners().iter().find(|owner| is_called(owner, &user)).cloned();
    let kept = match &owner {
        Some(owner) => passwords(world, &owner.id).await?,
        None => Vec::new(),
    };
    let checks = owner.as_ref().map(|owner| owner.passwords.clone()).unwrap_or_default();
    let hashes: Vec<String> = kept.iter().map(|(password, _)| password.hash.clone()).collect();
    let found = verify(world, password.to_owned(), checks, hashes).await?;
    let (Some(owner), Some(which)) = (owner, found) else {
        world.verified.failed(&user, now);
        return Ok(Answer::Wrong);
    };
    world.verified.remember(key, &owner.id, (now, forgotten));
    if let Which::Kept(position) = which {
        used(world, &owner.id, &kept[position], from).await;
    }
    Ok(Answer::Owner(owner.id.clone()))
}

/// Whether `user` and `password` are an owner's of the settings: what opens the page of devices. A device's password
/// does not, so that one that is stolen makes no more of its kind.
///
/// # Errors
/// If it cannot be computed.
pub async fn check_own(world: &World, (user, password): (&str, &str)) -> Result<Answer, Refusal> {
    let now = world.now();
    let user = user.trim().to_lowercase();
    if let Some(seconds) = world.verified.wait(&user, now) {
        return Ok(Answer::Wait(seconds));
    }
    let owner = world.owners().iter().find(|owner| is_called(owner, &user)).cloned();
    let checks = owner.as_ref().map(|owner| owner.passwords.clone()).unwrap_or_default();
    let found = verify(world, password.to_owned(), checks, Vec::new()).await?;
    if let (Some(owner), Some(_)) = (owner, found) {
        return Ok(Answer::Owner(owner.id.clone()));
    }
    world.verified.failed(&user, now);
    Ok(Answer::Wrong)
}

/// The user name and password of `Authorization: Basic` (RFC 7617), if they are there and can be read.
pub fn credentials(headers: &http::HeaderMap) -> Option<(String, String)> {
    dav::headers::credentials(headers).map(|found| (found.user, found.password))
}

/// Makes an app password for a device: the record and the password, which is known only now.
pub async fn add(world: &World, owner: &Owner, label: &str) -> Result<(AppPassword, String), Refusal> {
    if passwords(world, &owner.id).await?.len() >= PASSWORDS_MAX {
        return Err(Refusal::Protected("there are a hundred app passwords already; revoke one first"));
    }
    let secret = grouped(&URL_SAFE_NO_PAD.encode(world.entropy.draw()));
    let salt = world.entropy.draw();
    let hash = hash_of(secret.clone(), salt).await?;
    let id = URL_SAFE_NO_PAD.encode(&world.entropy.draw()[..6]);
    let record = AppPassword {
        id: id.clone(),
        label: label.to_owned(),
        hash,
        created: world.now().as_unix(),
        last_used: None,
        last_address: None,
    };
    let mut change = Change::new();
    change.put_record(TABLE, &[&owner.id, &id], &record, 0);
    match world.store.commit(change).await.map_err(refusal_of)? {
        Committed::At(_) => Ok((record, secret)),
        Committed::SeenHasMoved => Err(Refusal::Contended),
    }
}

/// The app passwords of an owner, oldest first.
pub async fn list(world: &World, owner: &str) -> Result<Vec<AppPassword>, Refusal> {
    let mut list: Vec<_> = passwords(world, owner).await?.into_iter().map(|(password, _)| password).collect();
    list.sort_by_key(|password| password.created);
    Ok(list)
}

/// Revokes an app password at once.
///
/// # Errors
/// [`Refusal::NotFound`] if there is none with this id.
pub async fn revoke(world: &World, owner: &str, id: &str) -> Result<(), Refusal> {
    let seen = world.store.record::<AppPassword>(TABLE, &[owner, id]).await.map_err(refusal_of)?;
    let (_, version) = seen.ok_or(Refusal::NotFound)?;
    let mut change = Change::new();
    change.remove_record(TABLE, &[owner, id], version);
    let committed = world.store.commit(change).await.map_err(refusal_of)?;
    world.verified.forget_all();
    match committed {
        Committed::At(_) => Ok(()),
        Committed::SeenHasMoved => Err(Refusal::Contended),
    }
}

/// Which of the checked passwords was right.
enum Which {
    Settings,
    Kept(usize),
}

fn is_called(owner: &Owner, user: &str) -> bool {
    owner.id == user || owner.addresses.iter().any(|address| address.mail() == Some(user))
}

async fn passwords(world: &World, owner: &str) -> Result<Vec<(AppPassword, u64)>, Refusal> {
    let rows = world.store.records(TABLE, &[owner], None, PASSWORDS_MAX).await.map_err(refusal_of)?;
    Ok(rows.into_iter().map(|row| (row.record, row.version)).collect())
}

/// Notes the use of a password; not more often than the memory of it lasts, and never at the cost of the sign-in: on a
/// full disk people still read their calendars.
async fn used(world: &World, owner: &str, (password, version): &(AppPassword, u64), from: Option<IpAddr>) {
    let last_used = Some(world.now().as_unix());
    let record = AppPassword { last_used, last_address: from.or(password.last_address), ..password.clone() };
    let mut change = Change::new();
    change.put_record(TABLE, &[owner, &record.id], &record, *version);
    drop(world.store.commit(change).await);
}

async fn verify(
    world: &World,
    password: String,
    checks: Vec<PasswordCheck>,
    kept: Vec<String>,
) -> Result<Option<Which>, Refusal> {
    let plain = checks.iter().any(|check| match check {
        PasswordCheck::Plain(text) => bool::from(text.as_bytes().ct_eq(password.as_bytes())),
        PasswordCheck::Hash(_) => false,
    });
    if plain {
        return Ok(Some(Which::Settings));
    }
    let _turn = world.verified.computing.acquire().await.map_err(|_| Refusal::Contended)?;
    tokio::task::spawn_blocking(move || {
        let settings = checks.into_iter().filter_map(|check| match check {
            PasswordCheck::Hash(hash) => Some((hash, Which::Settings)),
            PasswordCheck::Plain(_) => None,
        });
        let kept = kept.into_iter().enumerate().map(|(position, hash)| (hash, Which::Kept(position)));
        let mut computed = false;
        let mut found = None;
        for (hash, which) in settings.chain(kept) {
            computed = true;
            if is_right(&password, &hash) {
                found = Some(which);
                break;
            }
        }
        if !computed {
            // Nobody is called that, or they have no password: it costs the same.
            let _ = hash_with(password.as_bytes(), &[0; 16]);
        }
        found
    })
    .await
    .map_err(|failure| Refusal::Unavailable(failure.to_string()))
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

async fn hash_of(secret: String, salt: [u8; 16]) -> Result<String, Refusal> {
    tokio::task::spawn_blocking(move || hash_with(secret.as_bytes(), &salt))
        .await
        .ok()
        .flatten()
        .ok_or_else(|| Refusal::Unavailable("the password could not be hashed".to_owned()))
}

fn hash_with(secret: &[u8], salt: &[u8]) -> Option<String> {
    let params = Params::new(MEMORY_KIB, 2, 1, None).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Argon2Version::V0x13, params);
    let hash: argon2::password_hash::phc::PasswordHash = argon2.hash_password_with_salt(secret, salt).ok()?;
    Some(hash.to_string())
}

/// Groups of five, easier to read from a screen.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(".")
}

fn key_of(user: &str, password: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(user.len().to_be_bytes());
    hash.update(user);
    hash.update(password);
    hash.finalize().into()
}
