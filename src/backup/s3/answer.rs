//! What a service that speaks S3 answers: pages of a listing, and what went wrong.

use std::fmt;

use dav::xml::element::Element;
use reqwest::StatusCode;
use store::backup::VaultError;

/// One page of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The names of objects.
    pub(super) names: Vec<String>,
    /// What to ask the next page with, if there is one.
    pub(super) next: Option<String>,
}

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) struct Fault {
    /// For a person.
    pub(super) what: String,
    /// The service's name for it.
    pub(super) code: Option<String>,
    /// Whether the next try may bring more.
    pub(super) may_pass: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl Fault {
    /// One that stays.
    pub(super) fn lasting(what: impl Into<String>) -> Self {
        Self { what: what.into(), code: None, may_pass: false }
    }

    /// One that may pass.
    pub(super) fn passing(what: impl Into<String>) -> Self {
        Self { may_pass: true, ..Self::lasting(what) }
    }

    /// No answer came, or not all of it.
    pub(super) fn of_the_way(error: &reqwest::Error) -> Self {
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Self::passing(format!("it cannot be reached: {innermost}"))
    }

    /// An answer came that is no success.
    pub(super) fn of_answer(status: StatusCode, body: &[u8]) -> Self {
        let told = Element::read(body).ok();
        let part = |name: &str| {
            let text = child(told.as_ref()?, name)?.trimmed();
            (!text.is_empty()).then(|| text.chars().filter(|letter| !letter.is_control()).take(300).collect())
        };
        let code: Option<String> = part("Code");
        let message: Option<String> = part("Message");
        let remedy = match code.as_deref() {
            Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AccessDenied") => {
                "; look at access_key and secret_key in [backup.s3]"
            }
            Some("NoSuchBucket") => "; make the bucket first",
            Some("RequestTimeTooSkewed") => "; the clock of this machine is wrong",
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect") => {
                "; look at region and endpoint in [backup.s3]"
            }
            _ => "",
        };
        let what = match (&code, message) {
            (Some(code), Some(message)) => format!("it says {status}, {code}: {message}{remedy}"),
            (Some(code), None) => format!("it says {status}, {code}{remedy}"),
            _ => format!("it says {status}"),
        };
        let may_pass = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        Self { what, code, may_pass }
    }
}

impl From<Fault> for VaultError {
    fn from(fault: Fault) -> Self {
        match fault.code.as_deref() {
            Some("QuotaExceeded" | "XMinioStorageFull" | "EntityTooLarge") => Self::Full,
            Some("AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
                Self::Refused(fault.what)
            }
            _ => Self::Unreachable(fault.what),
        }
    }
}

/// The page in a `ListBucketResult`.
pub(super) fn page(body: &[u8]) -> Result<Page, String> {
    let root = Element::read(body).map_err(|error| format!("its listing cannot be read: {error}"))?;
    if root.name().local != "ListBucketResult" {
        return Err(format!("it answers with {} where a listing was asked for", root.name().local));
    }
    let names = root
        .elements()
        .filter(|element| element.name().local == "Contents")
        .filter_map(|contents| child(contents, "Key").map(Element::text))
        .collect();
    let more = child(&root, "IsTruncated").is_some_and(|flag| flag.trimmed() == "true");
    let next = child(&root, "NextContinuationToken").map(Element::text).filter(|_| more);
    if more && next.is_none() {
        return Err("its listing goes on, but it does not say where".to_owned());
    }
    Ok(Page { names, next })
}

/// The first child of that name, whatever its namespace: services differ in it.
fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.elements().find(|child| child.name().local == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_has_names_and_goes_on() {
        let body = br#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
            <IsTruncated>true</IsTruncated><NextContinuationToken>1ueG=</NextContinuationToken>
            <Contents><Key>a/1&amp;2</Key><Size>3</Size></Contents><Contents><Key>a/3</Key></Contents>
            </ListBucketResult>"#;
        let read = page(body).unwrap();
        assert_eq!(read, Page { names: vec!["a/1&2".into(), "a/3".into()], next: Some("1ueG=".into()) });
        let last = br"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        assert_eq!(page(last).unwrap(), Page::default());
        assert!(page(b"<html/>").is_err());
        assert!(page(b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").is_err());
    }

    #[test]
    fn faults_name_their_remedy_and_whether_they_pass() {
        let body = b"<Error><Code>NoSuchBucket</Code><Message>The bucket is not there</Message></Error>";
        let fault = Fault::of_answer(StatusCode::NOT_FOUND, body);
        assert!(fault.what.contains("make the bucket first") && !fault.may_pass, "{fault}");
        assert!(Fault::of_answer(StatusCode::SERVICE_UNAVAILABLE, b"").may_pass);
        assert!(Fault::of_answer(StatusCode::FORBIDDEN, b"no xml").what.contains("403"));
    }
}
