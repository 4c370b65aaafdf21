//! Patterns for names of zones: a text, with `*` at one end or both (RFC 7808 §5.5).

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    open_before: bool,
    open_after: bool,
}

impl Pattern {
    /// Reads a pattern; `None` for one with `*` elsewhere than at its ends, a `\` that stands before neither `*` nor
    /// `\`, or nothing in it.
    pub(super) fn read(pattern: &str) -> Option<Self> {
        let mut read = Self { text: String::new(), open_before: false, open_after: false };
        let mut characters = pattern.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => {
                    let (_, escaped) = characters.next().filter(|(_, next)| matches!(next, '*' | '\\'))?;
                    read.text.push(escaped);
                }
                '*' if at == 0 => read.open_before = true,
                '*' if characters.peek().is_none() => read.open_after = true,
                '*' => return None,
                other => read.text.push(other),
            }
        }
        read.text = folded(&read.text);
        (!pattern.is_empty()).then_some(read)
    }

    /// Whether a name matches: ASCII letters in any case, an underscore as a space.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name = folded(name);
        match (self.open_before, self.open_after) {
            (false, false) => name == self.text,
            (true, false) => name.ends_with(&self.text),
            (false, true) => name.starts_with(&self.text),
            (true, true) => name.contains(&self.text),
        }
    }
}

fn folded(text: &str) -> String {
    text.to_ascii_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("america/new_york", "America/New_York", true),
            ("New_York", "America/New_York", false),
            ("*new york", "America/New_York", true),
            ("*New York*", "America/New_York", true),
            ("America*", "America/New_York", true),
            ("america*", "Asia/Tokyo", false),
            ("*", "Asia/Tokyo", true),
            ("**", "Asia/Tokyo", true),
            ("\\*Test\\\\Time\\*Zone\\*", "*Test\\Time*Zone*", true),
            ("*\\*", "a*", true),
            ("*\\*", "a", false),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        for pattern in ["", "a*b", "*a*b", "***", "a\\b", "a\\", "*\\"] {
            assert_eq!(Pattern::read(pattern), None, "{pattern}");
        }
    }
}
