//! Elements of a client written again, so that they mean the same wherever they stand (RFC 4918 §4.3).
//!
//! Prefixes are kept as they were; what is declared is what is needed, among it any prefix that a value may speak of.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::xml::element::{Element, Node};
use crate::xml::name::XML;
use crate::xml::write::escape_into;

impl Element {
    /// Itself as XML that can stand anywhere: declarations and language in scope are written on it.
    pub fn standing_alone(&self) -> String {
        let mut text = String::new();
        push(&mut text, self, None, &Bindings::new());
        text
    }
}

type Bindings = BTreeMap<String, String>;

/// Writes `element` so that it means the same inside `parent`, where the prefixes `bound` (and no others) are declared.
fn push(out: &mut String, element: &Element, parent: Option<&Element>, bound: &Bindings) {
    let declarations = declarations(element, parent, bound);
    out.push('<');
    push_qualified(out, element.prefix(), element.name().local);
    for (prefix, namespace) in &declarations {
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        push_value(out, namespace);
    }
    let has_language = element.attributes.iter().any(|a| &*a.namespace == XML && a.local == "lang");
    if let (None, false, Some(language)) = (parent, has_language, &element.language) {
        out.push_str(" xml:lang");
        push_value(out, language);
    }
    for attribute in &element.attributes {
        out.push(' ');
        push_qualified(out, &attribute.prefix, &attribute.local);
        push_value(out, &attribute.value);
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    let mut inner = Cow::Borrowed(bound);
    if !declarations.is_empty() {
        inner.to_mut().extend(declarations);
    }
    for child in &element.children {
        match child {
            Node::Element(child) => push(out, child, Some(element), &inner),
            Node::Text(text) => escape_into(out, text),
        }
    }
    out.push_str("</");
    push_qualified(out, element.prefix(), element.name().local);
    out.push('>');
}

fn push_value(out: &mut String, value: &str) {
    out.push_str("=\"");
    escape_attribute_into(out, value);
    out.push('"');
}

fn push_qualified(out: &mut String, prefix: &str, local: &str) {
    out.push_str(prefix);
    if !prefix.is_empty() {
        out.push(':');
    }
    out.push_str(local);
}

/// The declarations that `element` needs where `bound` are made: those of its own name and attributes, those it makes
/// anew, and those of any prefix that its text may speak of.
fn declarations(element: &Element, parent: Option<&Element>, bound: &Bindings) -> Bindings {
    let mut needed: Vec<(&str, &str)> = vec![(element.prefix(), element.name().namespace)];
    needed.extend(
        element
            .attributes
            .iter()
            .filter(|a| !a.prefix.is_empty())
            .map(|a| (a.prefix.as_str(), &*a.namespace)),
    );
    if parent.is_none_or(|parent| !std::ptr::eq(parent.scope(), element.scope())) {
        for prefix in element.scope().prefixes().into_iter().filter(|prefix| !prefix.is_empty()) {
            let in_scope = element.scope().namespace_of(prefix).map_or("", |namespace| &**namespace);
            let is_needed = match bound.get(prefix) {
                Some(outer) => outer != in_scope,
                None => speaks_of(element, prefix),
            };
            if is_needed {
                needed.push((prefix, in_scope));
            }
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

/// Whether a text or an attribute value in `element` or below holds `prefix` and a colon.
fn speaks_of(element: &Element, prefix: &str) -> bool {
    fn search(element: &Element, marked: &str) -> bool {
        element.attributes.iter().any(|attribute| attribute.value.contains(marked))
            || element.children.iter().any(|child| match child {
                Node::Text(text) => text.contains(marked),
                Node::Element(child) => search(child, marked),
            })
    }
    search(element, &format!("{prefix}:"))
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
