//! Writes `docs/standards.md` as the tables have it.

use dav_suites::standards;

fn main() -> std::io::Result<()> {
    std::fs::write(standards::path(), standards::document())
}
