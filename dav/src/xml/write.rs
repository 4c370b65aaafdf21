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
        let tag = tag(name);
        writer.text.push_str(&tag);
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
        self.text.push_str(&tag(name));
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

    fn start(&mut self, name: Name<'_>, attributes: &[(&str, &str)], end: &str) {
        self.text.push('<');
        self.text.push_str(&tag(name));
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

fn tag(name: Name<'_>) -> String {
    match prefix_of(name.namespace) {
        Some(prefix) => format!("{prefix}:{}", name.local),
        None if name.namespace.is_empty() => name.local.to_owned(),
        None => format!("x:{}", name.local),
    }
}

/// Text with everything escaped that must be. A carriage return is written as a reference, as readers would make a
/// line feed of it; what XML cannot hold at all becomes U+FFFD.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) =
        rest.find(|c: char| matches!(c, '&' | '<' | '>' | '"' | '\r') || !is_xml_character(c))
    {
        out.push_str(&rest[..at]);
        let character = rest[at..].chars().next().unwrap_or_default();
        out.push_str(match character {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\r' => "&#13;",
            _ => "\u{fffd}",
        });
        rest = &rest[at + character.len_utf8()..];
    }
    out.push_str(rest);
}
