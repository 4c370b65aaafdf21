//! Who speaks plain HTTP to a listener that speaks TLS is told so.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a TLS connection begins with: a record of the handshake (RFC 8446 §5.1).
pub const FIRST_OCTET: u8 = 22;

/// What is read of a request that is not answered, so that the refusal arrives.
const DRAINED_OCTETS_MAX: usize = 64 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(1);

const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 68\r\nconnection: close\r\n\r\n\
    This address speaks HTTPS. Write https:// at the beginning, please.\n";

/// Says that TLS is spoken here, and closes.
pub async fn turn_away(mut stream: TcpStream) {
    let told = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut left = DRAINED_OCTETS_MAX;
        let mut octets = [0_u8; 2048];
        while left > 0 {
            let read = stream.read(&mut octets).await?;
            if read == 0 {
                break;
            }
            left = left.saturating_sub(read);
        }
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(DRAINED_FOR, told).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_has_the_length_that_it_tells() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
    }
}
