//! Style, script and icon: compiled in, named by a hash of their octets, so that they may be kept for ever.

use aggregator::reading::hex;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// What a page is made with besides its text.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Name without hash: `page.css`.
    name: &'static str,
    /// Media type.
    pub(crate) media_type: &'static str,
    /// Its octets.
    pub(crate) octets: &'static [u8],
    /// `/assets/page.0123456789.css`.
    path: String,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("page.css", "text/css; charset=utf-8", include_bytes!("../assets/page.css")),
        asset("page.js", "text/javascript; charset=utf-8", include_bytes!("../assets/page.js")),
        asset("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
    ]
});

fn asset(name: &'static str, media_type: &'static str, octets: &'static [u8]) -> Asset {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let mut hash = hex(&Sha256::digest(octets));
    hash.truncate(12);
    Asset { name, media_type, octets, path: format!("/assets/{stem}.{hash}.{ending}") }
}

/// The address of the asset called `name`; of nothing where there is none.
pub(crate) fn href(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| &asset.path)
}

/// The asset at `path`, its hash included.
pub(crate) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_only_under_its_own_hash() {
        let path = href("page.css");
        let hash = path.strip_prefix("/assets/page.").and_then(|rest| rest.strip_suffix(".css")).unwrap();
        assert!(hash.len() == 12 && hash.bytes().all(|octet| octet.is_ascii_hexdigit()), "{path}");
        assert_eq!(find(path).unwrap().media_type, "text/css; charset=utf-8");
        assert!(find("/assets/page.css").is_none());
        assert!(find("/assets/page.000000000000.css").is_none());
        assert_eq!(href("nothing.css"), "");
    }

    #[test]
    fn the_script_stays_within_its_budget() {
        let script = find(href("page.js")).unwrap();
        assert!(script.octets.len() <= 8 * 1024, "{} octets", script.octets.len());
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
