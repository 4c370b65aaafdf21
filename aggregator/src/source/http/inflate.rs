//! Bodies that came compressed, inflated within bounds.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::source::SourceError;

/// Above this many octets the ratio is looked at.
const RATIO_FROM: usize = 1024 * 1024;
/// More than so many octets from one is no calendar.
const RATIO_MAX: usize = 300;

/// The body without its Content-Encoding, and without gzip where its first octets say so although no header does (a
/// `.ics.gz` file on a web server): at most `octets_max` octets.
///
/// # Errors
/// [`SourceError::NotACalendar`] for an encoding that was not asked for, half a stream, or too much.
pub fn inflated(body: Vec<u8>, encoding: Option<&str>, octets_max: usize) -> Result<Vec<u8>, SourceError> {
    let mut body = body;
    let encodings = encoding.unwrap_or_default().to_ascii_lowercase();
    // Applied in the order listed, so undone from the last.
    for name in encodings.rsplit(',').map(str::trim).filter(|name| !name.is_empty() && *name != "identity") {
        body = match name {
            // Some servers name the encoding and send the plain text.
            "gzip" | "x-gzip" if !is_gzip(&body) => body,
            "gzip" | "x-gzip" => bounded(MultiGzDecoder::new(&body[..]), body.len(), octets_max)?,
            "deflate" => match bounded(ZlibDecoder::new(&body[..]), body.len(), octets_max) {
                Ok(inflated) => inflated,
                // Some servers leave out the frame that RFC 9110 §8.4.1.2 asks for.
                Err(_) => bounded(DeflateDecoder::new(&body[..]), body.len(), octets_max)?,
            },
            other => {
                return Err(SourceError::NotACalendar(format!("the answer is encoded with \"{other}\"")));
            }
        };
    }
    if is_gzip(&body) {
        body = bounded(MultiGzDecoder::new(&body[..]), body.len(), octets_max)?;
    }
    Ok(body)
}

fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b])
}

fn bounded(reader: impl Read, packed: usize, octets_max: usize) -> Result<Vec<u8>, SourceError> {
    let mut inflated = Vec::new();
    let mut reader = reader.take(octets_max as u64 + 1);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = reader
            .read(&mut piece)
            .map_err(|_| SourceError::NotACalendar("the compressed answer is damaged or cut short".into()))?;
        if count == 0 {
            return Ok(inflated);
        }
        inflated.extend_from_slice(&piece[..count]);
        if inflated.len() > octets_max {
            return Err(SourceError::NotACalendar(format!(
                "the answer inflates to more than {octets_max} octets"
            )));
        }
        if inflated.len() > RATIO_FROM && inflated.len() / packed.max(1) > RATIO_MAX {
            return Err(SourceError::NotACalendar(format!(
                "the answer inflates to more than {RATIO_MAX} times its size"
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_that_is_asked_for_is_undone() {
        let text = b"BEGIN:VCALENDAR".repeat(20);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&text).unwrap();
        assert_eq!(inflated(text.clone(), None, 1000).unwrap(), text);
        assert_eq!(inflated(text.clone(), Some("identity"), 1000).unwrap(), text);
        assert_eq!(inflated(gzip(&text), Some("GZIP"), 1000).unwrap(), text);
        assert_eq!(inflated(gzip(&text), None, 1000).unwrap(), text);
        assert_eq!(inflated(gzip(&gzip(&text)), Some("gzip"), 1000).unwrap(), text);
        assert_eq!(inflated(text.clone(), Some("gzip"), 1000).unwrap(), text);
        assert_eq!(inflated(zlib.finish().unwrap(), Some("deflate"), 1000).unwrap(), text);
        assert_eq!(inflated(raw.finish().unwrap(), Some("deflate"), 1000).unwrap(), text);
    }

    #[test]
    fn bombs_and_halves_are_refused() {
        let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
        assert!(bomb.len() < 16 * 1024);
        let refused = inflated(bomb, None, 20 * 1024 * 1024).unwrap_err();
        assert!(refused.to_string().contains("times its size"), "{refused}");
        let long = gzip(&(0..60_000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        assert!(inflated(long.clone(), None, 1000).unwrap_err().to_string().contains("more than 1000"));
        assert!(inflated(long[..long.len() / 2].to_vec(), None, 1_000_000).is_err());
        assert!(inflated(b"x".to_vec(), Some("br"), 1000).is_err());
    }
}
