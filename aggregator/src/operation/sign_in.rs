//! Signing in to CalDAV: app passwords, one a device, named, shown once, revocable (specification 7.1).
//!
//! Argon2id costs on purpose, so a credential that was found right is remembered for five minutes (as a hash, in memory
//! only) and at most two are computed at once. A wrong password costs the same whoever is named, known or not, with many
//! devices or none: of devices' passwords, which have 128 bits of chance, a mark of 16 bits is kept besides, and only
//! one with the same mark is computed. One that bears a mark does not wait for those who guess at its owner's.

mod verified;

use std::net::IpAddr;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version as Argon2Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::records::Table;
use store::{Change, Committed};
use subtle::ConstantTimeEq;

use crate::owner::{Owner, PasswordCheck};
use crate::world::{World, refusal_of};
use verified::Found;

pub use verified::Verified;

/// App passwords: key owner, id.
const TABLE: Table = Table("app-passwords");
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
    /// Sixteen bits that follow from the password; older ones have none until they are used.
    #[serde(default)]
    mark: Option<u16>,
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

/// Whether `user` (an owner's id or one of their addresses) and `password` are right.
///
/// # Errors
/// If the store cannot be read.
pub async fn check(world: &World, user: &str, password: &str) -> Result<Answer, Refusal> {
    Ok(check_from(world, (user, password), None).await?.0)
}

/// The same for whoever asks from an address, which is noted with the password that was used; with the id of that
/// password, if it is a device's own.
///
/// # Errors
/// If the store cannot be read.
pub async fn check_from(
    world: &World,
    (user, password): (&str, &str),
    from: Option<IpAddr>,
) -> Result<(Answer, Option<String>), Refusal> {
    let now = world.now();
    let user = user.trim().to_lowercase();
    let key = key_of(&user, password);
    let known = || {
        let found = world.verified.remembered(&key, now)?;
        world.owner(&found.owner).is_some().then_some((Answer::Owner(found.owner), found.device))
    };
    if let Some(known) = known() {
        return Ok(known);
    }
    let forgotten = world.verified.forgotten();
    let owner = world.owners().iter().find(|owner| is_called(owner, &user)).cloned();
    let kept = match &owner {
        Some(owner) => passwords(world, &owner.id).await?,
        None => Vec::new(),
    };
    let mark = mark_of(password);
    let marked = kept.iter().any(|(password, _)| password.mark == Some(mark));
    let wait = || world.verified.wait(&user, now).filter(|_| !marked);
    if let Some(seconds) = wait() {
        return Ok((Answer::Wait(seconds), None));
    }
    let turn = world.verified.turn().await?;
    // Others asked the same while this one waited for its turn, or guessed.
    if let Some(known) = known() {
        return Ok(known);
    }
    if let Some(seconds) = wait() {
        return Ok((Answer::Wait(seconds), None));
    }
    let checks = owner.as_ref().map(|owner| owner.passwords.clone()).unwrap_or_default();
    let found = verify(password.to_owned(), checks, likely(&kept, mark)).await?;
    let (Some(owner), Some(which)) = (owner, found) else {
        world.verified.failed(&user, now);
        return Ok((Answer::Wrong, None));
    };
    let used_now = match which {
        Which::Settings => None,
        Which::Kept(position) => kept.get(position),
    };
    let device = used_now.map(|(password, _)| password.id.clone());
    let found = Found { owner: owner.id.clone(), device: device.clone() };
    world.verified.remember(key, &found, (now, forgotten));
    drop(turn);
    if let Some(kept) = used_now {
        used(world, &owner.id, kept, (mark, from)).await;
    }
    Ok((Answer::Owner(owner.id.clone()), device))
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
    let _turn = world.verified.turn().await?;
    if let Some(seconds) = world.verified.wait(&user, now) {
        return Ok(Answer::Wait(seconds));
    }
    let found = verify(password.to_owned(), checks, Vec::new()).await?;
    if let (Some(owner), Some(_)) = (owner, found) {
        return Ok(Answer::Owner(owner.id.clone()));
    }
    world.verified.failed(&user, now);
    Ok(Answer::Wrong)
}

/// Whether the password of an owner's device is in force.
///
/// # Errors
/// If the store cannot be read.
pub async fn is_in_force(world: &World, owner: &str, device: &str) -> Result<bool, Refusal> {
    let seen = world.store.record::<AppPassword>(TABLE, &[owner, device]).await.map_err(refusal_of)?;
    Ok(seen.is_some() && world.owner(owner).is_some())
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
    let mark = Some(mark_of(&secret));
    let hash = hash_of(secret.clone(), salt).await?;
    let id = URL_SAFE_NO_PAD.encode(&world.entropy.draw()[..6]);
    let record = AppPassword {
        id: id.clone(),
        label: label.to_owned(),
        hash,
        mark,
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
async fn used(
    world: &World,
    owner: &str,
    (password, version): &(AppPassword, u64),
    (mark, from): (u16, Option<IpAddr>),
) {
    let last_used = Some(world.now().as_unix());
    let last_address = from.or(password.last_address);
    let record = AppPassword { last_used, last_address, mark: Some(mark), ..password.clone() };
    let mut change = Change::new();
    change.put_record(TABLE, &[owner, &record.id], &record, *version);
    drop(world.store.commit(change).await);
}

/// Of the devices' passwords those that may be the one that was given, by their position.
fn likely(kept: &[(AppPassword, u64)], mark: u16) -> Vec<(String, Which)> {
    let is_likely = |password: &AppPassword| password.mark.is_none_or(|known| known == mark);
    let positions = kept.iter().enumerate().filter(|(_, (password, _))| is_likely(password));
    positions.map(|(position, (password, _))| (password.hash.clone(), Which::Kept(position))).collect()
}

async fn verify(
    password: String,
    checks: Vec<PasswordCheck>,
    kept: Vec<(String, Which)>,
) -> Result<Option<Which>, Refusal> {
    let plain = checks.iter().any(|check| match check {
        PasswordCheck::Plain(text) => bool::from(text.as_bytes().ct_eq(password.as_bytes())),
        PasswordCheck::Hash(_) => false,
    });
    if plain {
        return Ok(Some(Which::Settings));
    }
    tokio::task::spawn_blocking(move || {
        let settings = checks.into_iter().filter_map(|check| match check {
            PasswordCheck::Hash(hash) => Some((hash, Which::Settings)),
            PasswordCheck::Plain(_) => None,
        });
        let mut computed = false;
        for (hash, which) in kept.into_iter().chain(settings) {
            computed = true;
            if is_right(&password, &hash) {
                return Some(which);
            }
        }
        if !computed {
            // Nobody is called that, or they have no password that it could be: it costs the same.
            let _ = hash_with(password.as_bytes(), &[0; 16]);
        }
        None
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

/// Sixteen bits that follow from a password.
fn mark_of(password: &str) -> u16 {
    let hash = Sha256::new().chain_update("device").chain_update(password).finalize();
    u16::from_be_bytes([hash[0], hash[1]])
}
