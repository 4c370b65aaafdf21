//! The vault that is a folder.

use store::backup::{FolderVault, Vault, VaultError};

#[tokio::test]
async fn a_folder_keeps_blobs_whole_and_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    let vault = FolderVault::new(&path);
    assert_eq!(vault.list("").await, Ok(vec![]));
    assert_eq!(vault.load("x/y").await, Ok(None));
    vault.put("x/y.1", b"one").await.unwrap();
    vault.put("x/y.1", b"two").await.unwrap();
    vault.put("xz", b"").await.unwrap();
    assert_eq!(vault.load("x/y.1").await, Ok(Some(b"two".to_vec())));
    assert_eq!(vault.list("").await, Ok(vec!["x/y.1".into(), "xz".into()]));
    assert_eq!(vault.list("x/").await, Ok(vec!["x/y.1".into()]));
    assert_eq!(vault.list("x").await, Ok(vec!["x/y.1".into(), "xz".into()]));
    assert_eq!(vault.list("x/y.1/").await, Ok(vec![]));
    for name in ["", "/x", "x/", "../x", "x/../y", ".x", "x/.y", "x y", "ü", "a\0b", "x//y"] {
        assert!(matches!(vault.put(name, b"").await, Err(VaultError::Refused(_))), "{name:?}");
        assert!(matches!(vault.load(name).await, Err(VaultError::Refused(_))), "{name:?}");
    }
    // What a crash has left is no blob, and goes with the next one that is put.
    let left = path.join(".unfinished/9-9");
    std::fs::write(&left, "half").unwrap();
    let next = FolderVault::new(&path);
    assert_eq!(next.list("").await.unwrap().len(), 2);
    next.put("z", b"").await.unwrap();
    assert!(!left.exists());
    for name in ["x/y.1", "xz", "z", "never"] {
        next.remove(name).await.unwrap();
    }
    assert_eq!(next.list("").await, Ok(vec![]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
