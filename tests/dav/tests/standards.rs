//! `docs/standards.md` says what the tables say.

use dav_suites::standards;

#[test]
fn the_document_is_what_the_tables_say() {
    let kept = std::fs::read_to_string(standards::path()).unwrap_or_default();
    let wanted = standards::document();
    let different = wanted.lines().zip(kept.lines()).find(|(wanted, kept)| wanted != kept);
    assert!(
        wanted == kept,
        "docs/standards.md is not up to date; run `cargo xtask standards`. The first difference: {different:#?}"
    );
}
