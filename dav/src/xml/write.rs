//! The writer: elements with the fixed prefixes, escaped text, and elements of a client standing alone.

use crate::xml::element::Element;
use crate::xml::name::{Name, PREFIXES, XML, is_xml_character};

/// XML text as it grows.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    text: String,
}

impl Writer {
    /// A part of a document: nothing is declared, the root of the document has done so.
    pub fn fragment() -> Self {
        Self::default()
    }

    /// A document whose root `name` is open and declares the fixed prefixes.
    pub fn document(name: Name<'_>) -> Self {
        let mut writer = Self { text: String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<") };
        writer.tag(name);
        for (prefix, namespace) in PREFIXES {
            writer.declare(prefix, namespace);
        }
        writer.text.push('>');
        writer
    }

    fn declare(&mut self, prefix: &str, namespace: &str) {
        self.text.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        self.text.push_str(prefix);
        self.text.push_str("=\"");
        escape_into(&mut self.text, namespace);
        self.text.push('"');
    }

    /// Begins an element.
    pub fn open(&mut self, name: Name<'_>) {
        self.start(name, &[], ">");
    }

    /// Begins an element with attributes.
    pub fn open_with(&mut self, name: Name<'_>, attributes: &[(&str, &str)]) {
        self.start(name, attributes, ">");
    }

    /// Ends an element.
    pub fn close(&mut self, name: Name<'_>) {
        self.text.push_str("</");
        self.tag(name);
        self.text.push('>');
    }

    /// An element that holds nothing.
    pub fn empty(&mut self, name: Name<'_>) {
        self.start(name, &[], "/>");
    }

    /// An element with attributes that holds nothing.
    pub fn empty_with(&mut self, name: Name<'_>, attributes: &[(&str, &str)]) {
        self.start(name, attributes, "/>");
    }

    /// An element that holds text.
    pub fn text_element(&mut self, name: Name<'_>, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// Text.
    pub fn text(&mut self, text: &str) {
        escape_into(&mut self.text, text);
    }

    /// An element as a client wrote it, with every declaration it needs.
    pub fn element(&mut self, element: &Element) {
        self.text.push_str(&element.standing_alone());
    }

    /// XML that was written before and is whole.
    pub fn raw(&mut self, xml: &str) {
        self.text.push_str(xml);
    }

    /// How much there is, in octets; for [`Self::truncate`].
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is nothing yet.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes back what was written after `len` octets.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.text
    }

    /// The name with its prefix.
    fn tag(&mut self, name: Name<'_>) {
        match prefix_of(name.namespace) {
            Some(prefix) => {
                self.text.push_str(prefix);
                self.text.push(':');
            }
            None if name.namespace.is_empty() => {}
            None => self.text.push_str("x:"),
        }
        self.text.push_str(name.local);
    }

    fn start(&mut self, name: Name<'_>, attributes: &[(&str, &str)], end: &str) {
        self.text.push('<');
        self.tag(name);
        if prefix_of(name.namespace).is_none() && !name.namespace.is_empty() {
            self.declare("x", name.namespace);
        }
        for (attribute, value) in attributes {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            escape_into(&mut self.text, value);
            self.text.push('"');
        }
        self.text.push_str(end);
    }
}

fn prefix_of(namespace: &str) -> Option<&'static str> {
    let known = PREFIXES.iter().find(|(_, known)| *known == namespace).map(|(prefix, _)| *prefix);
    // The one prefix that is bound without being declared, and may not be bound to another.
    known.or((namespace == XML).then_some("xml"))
}

/// Text with everything escaped that must be. A carriage return is written as a reference, as readers would make a
/// line feed of it; what XML cannot hold at all becomes U+FFFD.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut done = 0;
    let mut at = 0;
    while let Some(next) = text.as_bytes()[at..].iter().position(|octet| MAY_BE_ESCAPED[usize::from(*octet)])
    {
        at += next;
        let Some(character) = text[at..].chars().next() else { break };
        let end = at + character.len_utf8();
        let escaped = match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\r' => "&#13;",
            _ if is_xml_character(character) => {
                at = end;
                continue;
            }
            _ => "\u{fffd}",
        };
        out.push_str(&text[done..at]);
        out.push_str(escaped);
        (done, at) = (end, end);
    }
    out.push_str(&text[done..]);
}

/// Octets with which a character begins that is not always written as it is: the five, controls, and the one before
/// U+FFFE and U+FFFF. Most text is looked at by octets alone.
const MAY_BE_ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 0x20 {
        table[octet] = octet != b'\t' as usize && octet != b'\n' as usize;
        octet += 1;
    }
    table[b'&' as usize] = true;
    table[b'<' as usize] = true;
    table[b'>' as usize] = true;
    table[b'"' as usize] = true;
    table[0xef] = true;
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped_one(character: char) -> String {
        match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\r' => "&#13;".to_owned(),
            _ if is_xml_character(character) => character.to_string(),
            _ => "\u{fffd}".to_owned(),
        }
    }

    proptest! {
        #[test]
        fn escaping_looks_at_every_character(text in "([ -~]|[&<>\"\r\n\t]|[\\x00-\\x1f]|[\u{ff00}-\u{ffff}]|\\PC){0,40}") {
            let mut out = String::new();
            escape_into(&mut out, &text);
            prop_assert_eq!(out, text.chars().map(escaped_one).collect::<String>());
        }
    }
}
