//! AWS Signature Version 4 in the header (the form that covers the body as well). Pure.

use aggregator::reading::hex;
use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};

/// Everything but the letters, digits and `-._~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path, where slashes part.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Who signs, where, and when.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    /// The account's name.
    pub(super) access_key: &'a str,
    /// Its secret.
    pub(super) secret_key: &'a str,
    /// The region.
    pub(super) region: &'a str,
    /// UTC, `20130524T000000Z`.
    pub(super) at: &'a str,
}

/// What is signed.
pub(super) struct Signed<'a> {
    /// `GET` …
    pub(super) method: &'a str,
    /// The path, encoded as it is sent.
    pub(super) path: &'a str,
    /// The query, encoded as it is sent.
    pub(super) query: &'a str,
    /// Header fields: names in small letters, in their order.
    pub(super) fields: &'a [(&'a str, String)],
    /// The body's SHA-256 in hexadecimal digits.
    pub(super) body: &'a str,
}

impl Signer<'_> {
    /// The `authorization` field.
    pub(super) fn authorization(self, what: &Signed<'_>) -> String {
        let names: Vec<&str> = what.fields.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let fields: String =
            what.fields.iter().map(|(name, text)| [name, ":", text.trim(), "\n"].concat()).collect();
        let asked =
            [what.method, what.path, what.query, fields.as_str(), names.as_str(), what.body].join("\n");
        let date = self.at.get(..8).unwrap_or(self.at);
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.at, sha256(asked.as_bytes()));
        let first = format!("AWS4{}", self.secret_key);
        let key = [date, self.region, "s3", "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| hmac(&key, part.as_bytes()));
        let signature = hex(&hmac(&key, text.as_bytes()));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key
        )
    }
}

/// The SHA-256 of `octets` in hexadecimal digits.
pub(super) fn sha256(octets: &[u8]) -> String {
    hex(&Sha256::digest(octets))
}

/// A path as it is sent and signed.
pub(super) fn path(text: &str) -> String {
    percent_encode(text.as_bytes(), RESERVED_IN_PATH).to_string()
}

/// A query as it is sent and signed: in the order of the names.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| percent_encode(text.as_bytes(), RESERVED).to_string();
    let mut parts: Vec<String> =
        parameters.iter().map(|(name, text)| encoded(name) + "=" + &encoded(text)).collect();
    parts.sort();
    parts.join("&")
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length; the other arm is never gone.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The account and time of the examples that Amazon publishes for signatures in the header.
    fn signature(method: &str, path: &str, query: &str, fields: &[(&str, &str)], body: &str) -> String {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            at: "20130524T000000Z",
        };
        let fields: Vec<(&str, String)> =
            fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        let said = signer.authorization(&Signed { method, path, query, fields: &fields, body });
        said.rsplit('=').next().unwrap().to_owned()
    }

    #[test]
    fn signatures_are_those_of_the_published_examples() {
        let usual = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let with_range = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", "20130524T000000Z"),
        ];
        assert_eq!(
            signature("GET", "/test.txt", "", &with_range, EMPTY),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        assert_eq!(
            signature("GET", "/", "lifecycle=", &usual, EMPTY),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("GET", "/", &query(&[("prefix", "J"), ("max-keys", "2")]), &usual, EMPTY),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn a_body_is_covered() {
        let body = sha256(b"Welcome to Amazon S3.");
        let fields = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", body.as_str()),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        assert_eq!(
            signature("PUT", &path("/test$file.text"), "", &fields, &body),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }

    #[test]
    fn names_are_encoded_once() {
        assert_eq!(path("/a b/ü~.json"), "/a%20b/%C3%BC~.json");
        assert_eq!(query(&[("prefix", "a/b"), ("list-type", "2")]), "list-type=2&prefix=a%2Fb");
    }
}
