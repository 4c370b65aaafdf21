//! Mail into a folder: one `.eml` file a message, for the demo and for tests of mail programs.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use store::outbox::Letter;

use super::mail::{self, MailContent};
use super::{Channel, Delivered};
use crate::reading::hex;

/// Writes letters as files named by their Message-ID: writing one twice is one file.
#[derive(Clone, Debug)]
pub struct FolderChannel {
    folder: PathBuf,
}

impl FolderChannel {
    /// A channel into `folder`, which is made when it is missing.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait]
impl Channel for FolderChannel {
    async fn deliver(&self, letter: &Letter) -> Delivered {
        let content: MailContent = match serde_json::from_str(&letter.content) {
            Ok(content) => content,
            Err(error) => return Delivered::Never(format!("the letter cannot be read: {error}")),
        };
        let octets = match mail::message(&content) {
            Ok(message) => message.formatted(),
            Err(error) => return Delivered::Never(error.to_string()),
        };
        let (folder, name) = (self.folder.clone(), file_name(&content.message_id));
        match tokio::task::spawn_blocking(move || write(&folder, &name, &octets)).await {
            Ok(Ok(())) => Delivered::Yes,
            Ok(Err(error)) => Delivered::Later(format!("the folder cannot be written: {error}")),
            Err(_) => Delivered::Later("the folder cannot be written".into()),
        }
    }
}

/// Safe on every file system, different for different ids.
fn file_name(message_id: &str) -> String {
    let safe: String = message_id
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.@+".contains(letter) { letter } else { '_' })
        .take(120)
        .collect();
    let safe = safe.trim_start_matches('.');
    if safe == message_id {
        format!("{safe}.eml")
    } else {
        format!("{safe}-{}.eml", hex(&Sha256::digest(message_id.as_bytes())[..6]))
    }
}

/// Whole or not at all: under another name first, then renamed.
fn write(folder: &Path, name: &str, octets: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{name}.part"));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(octets)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_different() {
        assert_eq!(file_name("bk-1.0.request@example.test"), "bk-1.0.request@example.test.eml");
        let odd = file_name("../a/b@c");
        assert!(!odd.contains('/') && !odd.starts_with('.'), "{odd}");
        assert_ne!(odd, file_name("../a_b@c"));
    }
}
