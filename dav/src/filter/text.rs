//! Collations: how texts are compared (RFC 4790, RFC 5051, RFC 4791 §7.5).

use icu_normalizer::DecomposingNormalizerBorrowed;

/// A collation that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// `i;ascii-casemap`: the default; ASCII letters alone lose their case.
    AsciiCasemap,
    /// `i;octet`: as it stands.
    Octet,
    /// `i;unicode-casemap`: all letters lose their case, composed characters are taken apart.
    UnicodeCasemap,
}

impl Collation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AsciiCasemap, Self::Octet, Self::UnicodeCasemap];

    /// The identifier.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsciiCasemap => "i;ascii-casemap",
            Self::Octet => "i;octet",
            Self::UnicodeCasemap => "i;unicode-casemap",
        }
    }

    /// The collation called `name`; that of a filter that names none, for `default`.
    pub fn named(name: &str) -> Option<Self> {
        if name == "default" {
            return Some(Self::AsciiCasemap);
        }
        Self::ALL.into_iter().find(|collation| collation.name() == name)
    }

    /// The text such that equal texts are equal octets.
    pub fn folded(self, text: &str) -> String {
        match self {
            Self::AsciiCasemap => text.to_ascii_lowercase(),
            Self::Octet => text.to_owned(),
            Self::UnicodeCasemap => {
                let mapped: String =
                    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
                DecomposingNormalizerBorrowed::new_nfkd().normalize(&mapped).into_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folds_what_it_says() {
        let folded = |collation: Collation, text| collation.folded(text);
        assert_eq!(folded(Collation::AsciiCasemap, "ÄaB"), "Äab");
        assert_eq!(folded(Collation::Octet, "ÄaB"), "ÄaB");
        // One code point or two: the same letter.
        assert_eq!(folded(Collation::UnicodeCasemap, "Äa"), folded(Collation::UnicodeCasemap, "a\u{308}A"));
        assert_eq!(folded(Collation::UnicodeCasemap, "STRASSE"), folded(Collation::UnicodeCasemap, "straße"));
        assert_eq!(Collation::named("default"), Some(Collation::AsciiCasemap));
        assert_eq!(Collation::named("i;basic"), None);
    }
}
