//! The writer: elements with the fixed prefixes, escaped text, and elements of a client standing alone.

use std::collections::BTreeMap;

use crate::xml::name::{Name, PREFIXES, XML, is_xml_character};
use crate::xml::read::{Element, Node};

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
        alone(&mut self.text, element, &mut BTreeMap::new());
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

impl Element {
    /// Itself as XML that can stand anywhere: declarations and language in scope are written on it.
    pub fn standing_alone(&self) -> String {
        let mut text = String::new();
        alone(&mut text, self, &mut BTreeMap::new());
        text
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
fn escape_into(out: &mut String, text: &str) {
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

fn escape_attribute_into(out: &mut String, text: &str) {
    let start = out.len();
    escape_into(out, text);
    if out[start..].contains(['\n', '\t']) {
        // White space other than blanks would be read back as blanks.
        let escaped = out[start..].replace('\n', "&#10;").replace('\t', "&#9;");
        out.truncate(start);
        out.push_str(&escaped);
    }
}

type Bindings = BTreeMap<String, String>;

/// Writes `element` so that it means the same where the prefixes `bound` (and no others) are declared.
fn alone(out: &mut String, element: &Element, bound: &mut Bindings) {
    let is_root = bound.is_empty();
    let declarations = declarations(element, bound, is_root);
    out.push('<');
    push_qualified(out, element.prefix(), element.name().local);
    for (prefix, namespace) in &declarations {
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        out.push_str("=\"");
        escape_attribute_into(out, namespace);
        out.push('"');
    }
    let has_language = element.attributes.iter().any(|a| &*a.namespace == XML && a.local == "lang");
    if let (true, false, Some(language)) = (is_root, has_language, &element.language) {
        out.push_str(" xml:lang=\"");
        escape_attribute_into(out, language);
        out.push('"');
    }
    for attribute in &element.attributes {
        out.push(' ');
        push_qualified(out, &attribute.prefix, &attribute.local);
        out.push_str("=\"");
        escape_attribute_into(out, &attribute.value);
        out.push('"');
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let mut inner = bound.clone();
    inner.insert("xml".to_owned(), XML.to_owned());
    inner.extend(declarations);
    for child in &element.children {
        match child {
            Node::Element(child) => alone(out, child, &mut inner),
            Node::Text(text) => escape_into(out, text),
        }
    }
    out.push_str("</");
    push_qualified(out, element.prefix(), element.name().local);
    out.push('>');
}

fn push_qualified(out: &mut String, prefix: &str, local: &str) {
    out.push_str(prefix);
    if !prefix.is_empty() {
        out.push(':');
    }
    out.push_str(local);
}

/// The declarations that `element` needs where `bound` are made: those of its own name and attributes, and on the
/// root those of any prefix that its text may speak of.
fn declarations(element: &Element, bound: &Bindings, is_root: bool) -> Bindings {
    let mut needed: Vec<(&str, &str)> = vec![(element.prefix(), element.name().namespace)];
    needed.extend(
        element
            .attributes
            .iter()
            .filter(|a| !a.prefix.is_empty())
            .map(|a| (a.prefix.as_str(), &*a.namespace)),
    );
    for prefix in element.scope().prefixes() {
        let in_scope = element.scope().namespace_of(prefix).map_or("", |namespace| &**namespace);
        let changed = bound.get(prefix).is_some_and(|outer| outer != in_scope);
        if !prefix.is_empty()
            && (changed || (!bound.contains_key(prefix) && speaks_of(element, prefix, is_root)))
        {
            needed.push((prefix, in_scope));
        }
    }
    needed
        .into_iter()
        .filter(|(prefix, namespace)| {
            *prefix != "xml" && bound.get(*prefix).map_or("", String::as_str) != *namespace
        })
        .map(|(prefix, namespace)| (prefix.to_owned(), namespace.to_owned()))
        .collect()
}

/// Whether a text or an attribute value in `element` (on the root: anywhere below) holds `prefix` and a colon.
fn speaks_of(element: &Element, prefix: &str, is_root: bool) -> bool {
    let marked = format!("{prefix}:");
    element.attributes.iter().any(|attribute| attribute.value.contains(&marked))
        || element.children.iter().any(|child| match child {
            Node::Text(text) => text.contains(&marked),
            Node::Element(child) => is_root && speaks_of(child, prefix, true),
        })
}
