//! A mail or a part of one: its header fields, and its body as it is carried (RFC 2045, RFC 2046).

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use calendar::address::Address;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Header, HeaderName, HeaderValue, MessageParser};

use super::{ADDRESSES_MAX, HEADER_OCTETS_MAX, NotImip, Person};

/// Octets of a boundary; the standard has 70.
const BOUNDARY_OCTETS_MAX: usize = 200;

/// Octets of a text for people that are looked at.
const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Which fields are read, and as what.
static FIELDS: LazyLock<MessageParser> = LazyLock::new(|| {
    let addresses =
        [HeaderName::From, HeaderName::Sender, HeaderName::ReplyTo, HeaderName::To, HeaderName::Cc];
    let ids = [HeaderName::MessageId, HeaderName::InReplyTo];
    let texts = [HeaderName::Subject, HeaderName::ContentTransferEncoding];
    let media = [HeaderName::ContentType, HeaderName::ContentDisposition];
    let parser = addresses.into_iter().fold(MessageParser::new(), MessageParser::header_address);
    let parser = ids.into_iter().fold(parser, MessageParser::header_id);
    let parser = texts.into_iter().fold(parser, MessageParser::header_text);
    media.into_iter().fold(parser, MessageParser::header_content_type).default_header_ignore()
});

/// The header of a mail or part.
pub(super) struct Headers<'a>(Vec<Header<'a>>);

impl Headers<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &HeaderValue<'_>> {
        self.0.iter().filter(move |field| field.name().eq_ignore_ascii_case(name)).map(Header::value)
    }

    /// How many fields are called `name`.
    pub(super) fn count(&self, name: &'static str) -> usize {
        self.all(name).count()
    }

    /// The text of the first field called `name`.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.all(name).find_map(HeaderValue::as_text).map(str::to_owned)
    }

    fn media(&self, name: &'static str) -> Option<&ContentType<'_>> {
        self.all(name).find_map(HeaderValue::as_content_type)
    }

    /// Everybody in the first field called `name`.
    pub(super) fn people(&self, name: &'static str) -> Vec<Person> {
        let Some(addresses) = self.all(name).find_map(HeaderValue::as_address) else { return Vec::new() };
        let people = addresses.iter().filter_map(|person| {
            let address = person.address().map(str::trim).filter(|address| !address.is_empty())?;
            let name = person.name().map(str::trim).filter(|name| !name.is_empty());
            Some(Person { address: Address::parse(address), name: name.map(str::to_owned) })
        });
        people.take(ADDRESSES_MAX).collect()
    }

    /// The identifiers in the first field called `name`, without angle brackets.
    pub(super) fn ids(&self, name: &'static str) -> Vec<String> {
        let ids = match self.all(name).next() {
            Some(HeaderValue::Text(id)) => vec![id.to_string()],
            Some(HeaderValue::TextList(ids)) => ids.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let ids = ids.into_iter().map(|id| id.trim().trim_matches(['<', '>']).to_owned());
        ids.filter(|id| !id.is_empty()).collect()
    }
}

/// A mail or a part of one.
pub(super) struct Entity<'a> {
    pub(super) headers: Headers<'a>,
    /// Type and subtype, in lower case.
    pub(super) media: String,
    /// The parameter `method`, in upper case.
    pub(super) method: Option<String>,
    /// What it is called as a file.
    pub(super) name: Option<String>,
    /// Whether it asks to be shown as a file.
    pub(super) is_attachment: bool,
    charset: Option<String>,
    boundary: Option<String>,
    encoding: String,
    body: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Reads a mail, or a part that says of itself what it is.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, NotImip> {
        Self::part(octets, "")
    }

    /// Reads a part of a multipart called `parent`.
    pub(super) fn part(octets: &'a [u8], parent: &str) -> Result<Self, NotImip> {
        let (header, body) = halves(octets);
        if header.len() > HEADER_OCTETS_MAX {
            return Err(NotImip::TooMuch { limit: HEADER_OCTETS_MAX, unit: "octets of header fields" });
        }
        let fields = FIELDS.parse_headers(header).and_then(|mail| mail.parts.into_iter().next());
        let mut headers = Headers(fields.map(|part| part.headers).unwrap_or_default());
        headers.0.retain(|field| is_named_plainly(header, field));
        let content = headers.media("content-type");
        let silent = if parent == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let media = content.map_or_else(
            || silent.to_owned(),
            |content| format!("{}/{}", content.ctype(), content.subtype().unwrap_or_default()),
        );
        let disposition = headers.media("content-disposition");
        let parameter = |name: &str| {
            let value = content.and_then(|content| content.attribute(name)).map(str::trim);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let encoding = headers.text("content-transfer-encoding").unwrap_or_default();
        let encoding =
            encoding.trim().split([' ', ';', '\t']).next().unwrap_or_default().to_ascii_lowercase();
        let file = disposition.and_then(|disposition| disposition.attribute("filename"));
        Ok(Self {
            media: media.to_ascii_lowercase(),
            method: parameter("method").map(|method| method.to_ascii_uppercase()),
            name: file.map(str::to_owned).or_else(|| parameter("name")),
            is_attachment: disposition
                .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment")),
            charset: parameter("charset"),
            boundary: parameter("boundary"),
            encoding,
            body,
            headers,
        })
    }

    /// Its body without its transfer encoding; as it is carried where that cannot be undone.
    pub(super) fn decoded(&self) -> Cow<'a, [u8]> {
        let decoded = match self.encoding.as_str() {
            "base64" => base64_decode(self.body),
            "quoted-printable" => quoted_printable_decode(self.body),
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    /// Its body as the octets of a calendar: as they are where no charset is named or it is one that the calendar
    /// reads by itself, else in UTF-8.
    pub(super) fn as_calendar(&self) -> Arc<[u8]> {
        let octets = self.decoded();
        let own = ["utf-8", "utf8", "us-ascii", "ascii"];
        let charset = self.charset.as_deref().filter(|name| !own.contains(&&*name.to_ascii_lowercase()));
        match charset.and_then(|name| charset_decoder(name.as_bytes())) {
            Some(decode) => Arc::from(decode(&octets).into_bytes()),
            None => Arc::from(&*octets),
        }
    }

    /// The beginning of its body as text.
    pub(super) fn as_text(&self) -> String {
        let octets = self.decoded();
        let octets = octets.get(..TEXT_OCTETS_MAX).unwrap_or(&octets);
        let decode = self.charset.as_deref().and_then(|name| charset_decoder(name.as_bytes()));
        decode.map_or_else(|| String::from_utf8_lossy(octets).into_owned(), |decode| decode(octets))
    }

    /// The parts of a multipart, `count_max` and one more at most. One that is never closed ends where its body does.
    pub(super) fn parts(&self, count_max: usize) -> Vec<&'a [u8]> {
        let boundary = self.boundary.as_deref().unwrap_or_default();
        let mut parts = Vec::new();
        if boundary.is_empty() || boundary.len() > BOUNDARY_OCTETS_MAX {
            return parts;
        }
        let mut begins: Option<usize> = None;
        let mut at = 0;
        for line in self.body.split_inclusive(|octet| *octet == b'\n') {
            let start = at;
            at += line.len();
            let Some(closes) = delimiter(line, boundary.as_bytes()) else { continue };
            if let Some(begins) = begins {
                parts.push(without_line_end(&self.body[begins..start]));
            }
            if closes || parts.len() > count_max {
                return parts;
            }
            begins = Some(at);
        }
        parts.extend(begins.map(|begins| &self.body[begins..]));
        parts
    }
}

/// Whether a field begins its line and has a name without colons and spaces. The crate takes `Fr om:` and `:From:` for
/// From, which no server on the way has checked as that.
fn is_named_plainly(header: &[u8], field: &Header<'_>) -> bool {
    let from = usize::try_from(field.offset_field()).unwrap_or(usize::MAX);
    let to = usize::try_from(field.offset_start()).unwrap_or(usize::MAX);
    let begins = from == 0 || header.get(from - 1) == Some(&b'\n');
    let name = header.get(from..to).and_then(|named| named.strip_suffix(b":")).map(<[u8]>::trim_ascii_end);
    begins && name.is_some_and(|name| name.iter().all(|octet| octet.is_ascii_graphic() && *octet != b':'))
}

/// Header and body: what stands before and behind the first empty line.
fn halves(octets: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return octets.split_at(at);
        }
    }
    (octets, &[])
}

/// Whether `line` is a delimiter (RFC 2046 §5.1.1), and if so, whether it is the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}
