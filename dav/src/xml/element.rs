//! Elements as a small owned tree.
//!
//! Prefixes and the language in scope are kept, so that any element can be written again standing alone (dead
//! properties, RFC 4918 §4.3).

use std::sync::Arc;

use crate::xml::name::Name;

/// An element.
#[derive(Clone, Debug)]
pub struct Element {
    pub(super) namespace: Arc<str>,
    pub(super) prefix: String,
    pub(super) local: String,
    /// Its attributes other than namespace declarations, in order.
    pub attributes: Vec<Attribute>,
    /// What it holds, in order.
    pub children: Vec<Node>,
    /// The language in scope (`xml:lang`).
    pub language: Option<Arc<str>>,
    pub(super) scope: Arc<Scope>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its namespace; empty for none.
    pub namespace: Arc<str>,
    /// The prefix it was written with.
    pub prefix: String,
    /// Its local name.
    pub local: String,
    /// Its value, references resolved.
    pub value: String,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, references resolved.
    Text(String),
}

/// The namespace declarations of an element, and where to look further.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(super) parent: Option<Arc<Scope>>,
    pub(super) own: Vec<(String, Arc<str>)>,
}

impl Scope {
    /// The namespace that `prefix` is bound to; the empty one where there is none.
    pub(crate) fn namespace_of(&self, prefix: &str) -> Option<&Arc<str>> {
        let own = self.own.iter().find(|(declared, _)| declared == prefix).map(|(_, namespace)| namespace);
        own.or_else(|| self.parent.as_ref()?.namespace_of(prefix))
    }

    /// All prefixes declared here or further out.
    pub(crate) fn prefixes(&self) -> Vec<&str> {
        let mut prefixes = self.parent.as_ref().map(|parent| parent.prefixes()).unwrap_or_default();
        prefixes.extend(self.own.iter().map(|(prefix, _)| prefix.as_str()));
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
    }
}

impl Element {
    /// An empty element of that name, for requests that are not written out.
    pub fn named(name: Name<'_>) -> Self {
        Self {
            namespace: name.namespace.into(),
            prefix: String::new(),
            local: name.local.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
            language: None,
            scope: Arc::new(Scope { parent: None, own: vec![(String::new(), name.namespace.into())] }),
        }
    }

    /// Its name.
    pub fn name(&self) -> Name<'_> {
        Name::new(&self.namespace, &self.local)
    }

    /// Whether that is its name.
    pub fn is(&self, name: Name<'_>) -> bool {
        self.name() == name
    }

    /// The prefix it was written with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The declarations in scope.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The elements directly inside.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements of that name directly inside.
    pub fn all<'a>(&'a self, name: Name<'a>) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.is(name))
    }

    /// The first element of that name directly inside.
    pub fn first(&self, name: Name<'_>) -> Option<&Element> {
        self.elements().find(|element| element.is(name))
    }

    /// The text directly inside, in one piece.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|child| match child {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect()
    }

    /// The text directly inside without white space around it.
    pub fn trimmed(&self) -> String {
        self.text().trim().to_owned()
    }

    /// Octets that it takes to write it, at least.
    pub fn octets_min(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|a| a.local.len() + a.value.len() + 4).sum();
        let children: usize = self
            .children
            .iter()
            .map(|child| match child {
                Node::Element(element) => element.octets_min(),
                Node::Text(text) => text.len(),
            })
            .sum();
        self.local.len() + 3 + attributes + children
    }

    /// The value of the attribute `local` that is in no namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.namespace.is_empty() && attribute.local == local)
            .map(|attribute| attribute.value.as_str())
    }
}
