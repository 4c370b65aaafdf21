//! The last restore drill: written by `kalends restore --drill`, told by `/readyz`.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The file in the data folder.
const FILE: &str = "last-drill.json";

/// How a drill went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// When, UTC seconds.
    pub at: i64,
    /// Whether the newest copy came back whole.
    pub ok: bool,
    /// Why it did not.
    pub detail: String,
}

/// Notes it.
///
/// # Errors
/// What the operating system says.
pub fn write(folder: &Path, drill: &Drill) -> io::Result<()> {
    let beside = folder.join(format!("{FILE}.unfinished"));
    std::fs::write(&beside, serde_json::to_vec(drill)?)?;
    std::fs::rename(beside, folder.join(FILE))
}

/// The last one, if there was any.
pub fn last(folder: &Path) -> Option<Drill> {
    let text = std::fs::read(folder.join(FILE)).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_drill_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(last(folder.path()), None);
        let drill = Drill { at: 5, ok: true, detail: String::new() };
        write(folder.path(), &drill).unwrap();
        assert_eq!(last(folder.path()), Some(drill));
    }
}
