//! A feed behind a URL: conditional requests, validators, and a hash where the server has none.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::map;
use crate::owner::IcsSettings;
use crate::reading::hex;
use crate::source::http::guard::Permissions;
use crate::source::http::{Answer, Ask, Validators, Whole};
use crate::source::reader;
use crate::source::stamp;
use crate::source::table::Opening;
use crate::source::{Cursor, SourceError, Step};

/// What is remembered of the last answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    /// A hash of the URL: what is remembered of another one says nothing.
    place: String,
    /// The entity tag header.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// Last-Modified.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// [`stamp::fingerprint`] of the body.
    text: String,
}

/// One step of the feed at `url`.
pub(super) async fn changes(
    settings: &IcsSettings,
    url: &str,
    opening: &Opening,
    cursor: Option<&Cursor>,
) -> Result<Step, SourceError> {
    let url = web_url(url);
    let place = hex(&Sha256::digest(url.as_bytes())[..8]);
    let remembered = cursor
        .and_then(|cursor| serde_json::from_str::<Remembered>(&cursor.0).ok())
        .filter(|remembered| remembered.place == place);
    let held = remembered.as_ref().map_or_else(Validators::default, |remembered| Validators {
        tag: remembered.tag.clone(),
        modified: remembered.modified.clone(),
    });
    let credentials =
        settings.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
    let permissions = Permissions { allow_http: settings.allow_http, allow_private: settings.allow_private };
    let ask = Ask { url: &url, credentials, held, permissions };
    let Answer::Whole(Whole { body, validators, max_age_seconds }) =
        opening.http.get(&ask, opening.now).await?
    else {
        return Ok(Step::Unchanged);
    };
    let known = remembered.map(|remembered| remembered.text);
    let limits = opening.limits;
    reader::read(move || {
        let text = stamp::fingerprint(&body);
        if known.as_ref() == Some(&text) {
            return Ok(Step::Unchanged);
        }
        let mut snapshot = map::snapshot(&body, &limits)?;
        snapshot.refresh_seconds = snapshot.refresh_seconds.max(max_age_seconds);
        let remembered = Remembered { place, tag: validators.tag, modified: validators.modified, text };
        snapshot.cursor = Cursor(serde_json::to_string(&remembered).unwrap_or_default());
        Ok(Step::Snapshot(snapshot))
    })
    .await?
}

/// `webcal:` and `webcals:` are https.
fn web_url(url: &str) -> String {
    let url = url.trim();
    for scheme in ["webcals:", "webcal:"] {
        if let (Some(head), Some(rest)) = (url.get(..scheme.len()), url.get(scheme.len()..))
            && head.eq_ignore_ascii_case(scheme)
        {
            return format!("https:{rest}");
        }
    }
    url.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webcal_is_https() {
        assert_eq!(web_url(" webcal://a.example/f.ics"), "https://a.example/f.ics");
        assert_eq!(web_url("WebCals://a.example/f.ics"), "https://a.example/f.ics");
        assert_eq!(web_url("http://a.example/f.ics"), "http://a.example/f.ics");
    }
}
