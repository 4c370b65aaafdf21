//! Sealing a message for one device (RFC 8291, RFC 8188), and proving who sends it (RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::time::Instant;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

/// Octets of an encrypted record; one record holds a message whole.
const RECORD_OCTETS: u32 = 4096;
/// What a record adds to its text: one octet that ends it and the tag.
const RECORD_OVERHEAD: usize = 17;
/// Seconds for which a proof holds; push services refuse more than a day (RFC 8292 §2).
const PROOF_SECONDS: i64 = 12 * 3600;

/// Why nothing was sealed: a key that is no point of the curve, or text that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be sealed")]
pub struct NotSealed;

impl From<Unspecified> for NotSealed {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// For whom a message is sealed.
#[derive(Clone, Copy)]
pub struct Receiver<'a> {
    /// Their public key: an uncompressed point of P-256, 65 octets.
    pub public_key: &'a [u8],
    /// What they share with us: 16 octets.
    pub secret: &'a [u8],
}

/// Seals `text` with a key pair of its own and `salt`, both used once: the body of a message, in aes128gcm.
///
/// # Errors
/// [`NotSealed`].
pub fn seal(
    text: &[u8],
    receiver: Receiver<'_>,
    salt: [u8; 16],
    chance: &SystemRandom,
) -> Result<Vec<u8>, NotSealed> {
    let own = EphemeralPrivateKey::generate(&ECDH_P256, chance)?;
    let public = own.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, receiver.public_key);
    agree_ephemeral(own, &theirs, |shared| sealed_with(text, receiver, (shared, public.as_ref()), salt))?
}

/// The same with what both sides have agreed on, and our public key.
fn sealed_with(
    text: &[u8],
    receiver: Receiver<'_>,
    (shared, public): (&[u8], &[u8]),
    salt: [u8; 16],
) -> Result<Vec<u8>, NotSealed> {
    if text.len() + RECORD_OVERHEAD > RECORD_OCTETS as usize {
        return Err(NotSealed);
    }
    // RFC 8291 §3.4.
    let mut material = [0; 32];
    let info: [&[u8]; 3] = [b"WebPush: info\0", receiver.public_key, public];
    derive(receiver.secret, shared, &info, &mut material)?;
    // RFC 8188 §2.2, §2.3: the nonce of the first record is that of the key.
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    derive(&salt, &material, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
    derive(&salt, &material, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let mut record = text.to_vec();
    record.push(2);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    let length = u8::try_from(public.len()).map_err(|_| NotSealed)?;
    Ok([&salt[..], &RECORD_OCTETS.to_be_bytes(), &[length], public, &record].concat())
}

struct Octets(usize);

impl KeyType for Octets {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(salt: &[u8], secret: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), Unspecified> {
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(info, Octets(out.len()))?.fill(out)
}

/// The key pair with which this server signs.
pub struct Identity {
    pair: EcdsaKeyPair,
    public: String,
    chance: SystemRandom,
}

impl Identity {
    /// A new key pair, in PKCS #8.
    ///
    /// # Errors
    /// If there is no chance to be had.
    pub fn draw(chance: &SystemRandom) -> Result<Vec<u8>, NotSealed> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, chance)?;
        Ok(document.as_ref().to_vec())
    }

    /// The key pair of a document that [`Self::draw`] made.
    ///
    /// # Errors
    /// If it is none.
    pub fn of(document: &[u8], chance: SystemRandom) -> Result<Self, NotSealed> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &chance);
        let pair = pair.map_err(|_| NotSealed)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Ok(Self { pair, public, chance })
    }

    /// The public key: an uncompressed point, base64url.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The source of chance.
    pub const fn chance(&self) -> &SystemRandom {
        &self.chance
    }

    /// The value of `Authorization` for the push service at `origin`; `contact`: a mailto or https URI of ours.
    ///
    /// # Errors
    /// If there is no chance to be had.
    pub fn proof(&self, origin: &str, contact: &str, now: Instant) -> Result<String, NotSealed> {
        let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encoded(json!({"typ": "JWT", "alg": "ES256"}));
        let expires = now.plus(PROOF_SECONDS).as_unix();
        let claims = encoded(json!({"aud": origin, "exp": expires, "sub": contact}));
        let signed = format!("{head}.{claims}");
        let signature = self.pair.sign(&self.chance, signed.as_bytes())?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Identity({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn the_example_of_rfc_8291_is_met_octet_for_octet() {
        let receiver_key =
            octets("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let secret = octets("BTBZMqHH6r4Tts7J_aSIgg");
        let shared = octets("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let public =
            octets("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let salt: [u8; 16] = octets("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let receiver = Receiver { public_key: &receiver_key, secret: &secret };
        let text = b"When I grow up, I want to be a watermelon";
        let sealed = sealed_with(text, receiver, (&shared, &public), salt).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
                        AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(sealed), expected);
    }

    #[test]
    fn what_is_no_key_or_too_long_is_refused() {
        let chance = SystemRandom::new();
        let key =
            octets("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let mut wrong = key.clone();
        wrong[64] ^= 1;
        for (public_key, length) in [(&wrong, 1), (&vec![4; 65], 1), (&Vec::new(), 1), (&key, 4080)] {
            let receiver = Receiver { public_key, secret: &[0; 16] };
            assert_eq!(seal(&vec![b'a'; length], receiver, [0; 16], &chance), Err(NotSealed));
        }
        let receiver = Receiver { public_key: &key, secret: &[0; 16] };
        assert!(seal(&[b'a'; 4079], receiver, [0; 16], &chance).is_ok());
    }

    #[test]
    fn a_proof_names_whom_it_is_for_and_is_signed() {
        use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
        let chance = SystemRandom::new();
        let identity = Identity::of(&Identity::draw(&chance).unwrap(), chance).unwrap();
        let now = Instant::from_unix(1_800_000_000);
        let proof = identity.proof("https://push.example", "https://cal.example", now).unwrap();
        let (token, key) = proof.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, octets(key));
        key.verify(signed.as_bytes(), &octets(signature)).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&octets(signed.split_once('.').unwrap().1)).unwrap();
        assert_eq!(claims["aud"], "https://push.example");
        assert_eq!(claims["sub"], "https://cal.example");
        assert_eq!(claims["exp"], 1_800_000_000_i64 + 43_200);
    }
}
