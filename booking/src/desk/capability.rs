//! The token by which an invitee manages a booking: 160 bits, derived, never stored in clear.
//!
//! `token = SHA-256(secret ‖ SHA-256(secret ‖ purpose ‖ uid))`, cut to 20 octets, in hexadecimal, so that a link in a
//! mail never ends in a sign that a reader takes for punctuation. The secret is drawn once and kept in the store: the
//! same booking has the same token after a crash, a repeated request gets the same answer, and later letters carry
//! the link again. The booking itself keeps the token's hash, by which it is found.

use aggregator::reading::hex;
use aggregator::world::{World, refusal_of};
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Change, Committed};
use subtle::ConstantTimeEq;

use crate::booking::Booking;
use crate::desk::rows::{self, SECRETS, TOKENS, Whose};

/// Octets of a token.
const TOKEN_OCTETS: usize = 20;

/// How often another may be first to draw the secret.
const ATTEMPTS_MAX: usize = 8;

#[derive(Serialize, Deserialize)]
struct SecretRow {
    secret: String,
}

/// What tokens are derived from.
pub(crate) struct Secret(String);

/// The store's secret, drawn where there is none yet.
pub(crate) async fn secret(world: &World) -> Result<Secret, Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some((row, _)) = rows::record::<SecretRow>(world, SECRETS, &["manage"]).await? {
            return Ok(Secret(row.secret));
        }
        let drawn = [world.entropy.draw(), world.entropy.draw()].concat();
        let mut change = Change::new();
        change.put_record(SECRETS, &["manage"], &SecretRow { secret: hex(&drawn) }, 0);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(Secret(hex(&drawn)));
        }
    }
    Err(Refusal::Contended)
}

impl Secret {
    /// The token that manages the booking `uid`.
    pub(crate) fn token(&self, uid: &str) -> String {
        let inner = Sha256::new().chain_update(&self.0).chain_update("manage\0").chain_update(uid).finalize();
        let outer = Sha256::new().chain_update(&self.0).chain_update(inner).finalize();
        hex(&outer[..TOKEN_OCTETS])
    }
}

/// The hash under which a token is known.
pub(crate) fn hash_of(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// The booking that `token` manages. The look-up is by hash, so its time tells nothing about any token.
pub(crate) async fn booking_of(world: &World, token: &str) -> Result<Option<Booking>, Refusal> {
    if token.len() != 2 * TOKEN_OCTETS {
        return Ok(None);
    }
    let hash = hash_of(token);
    let Some((whose, _)) = rows::record::<Whose>(world, TOKENS, &[&hash]).await? else { return Ok(None) };
    let found = rows::booking(world, &whose.owner, &whose.uid).await?;
    Ok(found
        .map(|(booking, _)| booking)
        .filter(|booking| booking.token_hash.as_bytes().ct_eq(hash.as_bytes()).into()))
}
