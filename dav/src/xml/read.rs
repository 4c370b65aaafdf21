//! The reader: octets into a small owned tree, within bounds.
//!
//! Well-formed XML 1.0 in UTF-8 without DOCTYPE: exactly one root, declared prefixes, no entities but the five and
//! character references. Comments and processing instructions are left out.

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;
use quick_xml::reader::NsReader;

use crate::xml::element::{Attribute, Element, Node, Scope};
use crate::xml::name::{XML, XMLNS, is_local_name, is_xml_character};

/// Elements inside one another.
pub const DEPTH_MAX: usize = 32;
/// Elements and texts (other than white space) of one document.
pub const NODES_MAX: usize = 50_000;

/// Attributes of one element, declarations included.
pub const ATTRIBUTES_MAX: usize = 128;
/// Prefixes that are declared for one element, by itself or further out.
pub const PREFIXES_MAX: usize = 128;

/// Why octets are not a document that is read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at octet {at})")]
pub struct XmlError {
    /// Where, in octets from the start.
    pub at: u64,
    /// What is wrong, for a person.
    pub reason: String,
}

impl Element {
    /// Reads one document.
    ///
    /// # Errors
    /// Names the place and the reason; never a panic.
    pub fn read(octets: &[u8]) -> Result<Self, XmlError> {
        let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
        let text = std::str::from_utf8(octets)
            .map_err(|error| fault(error.valid_up_to() as u64, "the body is not UTF-8"))?;
        if let Some((at, _)) = text.char_indices().find(|(_, character)| !is_xml_character(*character)) {
            return Err(fault(at as u64, "a character that XML cannot hold"));
        }
        Reading::new(text).document()
    }
}

fn fault(at: u64, reason: impl Into<String>) -> XmlError {
    XmlError { at, reason: reason.into() }
}

/// A document while it is read: the open elements and what was counted.
struct Reading<'a> {
    reader: NsReader<&'a [u8]>,
    open: Vec<Element>,
    root: Option<Element>,
    nodes: usize,
    namespaces: Vec<Arc<str>>,
    no_scope: Arc<Scope>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().check_end_names = true;
        Self {
            reader,
            open: Vec::new(),
            root: None,
            nodes: 0,
            namespaces: Vec::new(),
            no_scope: Arc::default(),
        }
    }

    fn document(mut self) -> Result<Element, XmlError> {
        let mut first = true;
        loop {
            let event = self.reader.read_event().map_err(|error| self.fault(error.to_string()))?;
            match event {
                Event::Start(start) => self.start(&start)?,
                Event::Empty(start) => {
                    self.start(&start)?;
                    self.end()?;
                }
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.cdata(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let text = self.reference(&reference)?;
                    self.cdata(&text)?;
                }
                Event::Decl(declaration) => {
                    if !first {
                        return Err(self.fault("an XML declaration that is not the first thing"));
                    }
                    let encoding = declaration.encoding().and_then(Result::ok).unwrap_or("UTF-8".into());
                    if !["utf-8", "utf8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str()) {
                        return Err(self.fault(format!("the encoding {encoding}; only UTF-8 is read")));
                    }
                }
                Event::DocType(_) => return Err(self.fault("a document type declaration")),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
            first = false;
        }
        if !self.open.is_empty() {
            return Err(self.fault("the document ends before its elements do"));
        }
        let at = self.reader.buffer_position();
        self.root.ok_or_else(|| fault(at, "there is no element"))
    }

    fn fault(&self, reason: impl Into<String>) -> XmlError {
        fault(self.reader.buffer_position(), reason)
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.fault(format!("more than {NODES_MAX} nodes")));
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(self.fault("a second root"));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(self.fault(format!("more than {DEPTH_MAX} elements inside one another")));
        }
        self.count()?;
        let scope = Arc::clone(self.open.last().map_or(&self.no_scope, |parent| &parent.scope));
        let scope = self.declarations(start, scope)?;
        let (namespace, prefix, local) = self.resolved(start.name(), true, &scope)?;
        let mut element = Element {
            namespace,
            prefix,
            local,
            attributes: Vec::new(),
            children: Vec::new(),
            language: self.open.last().and_then(|parent| parent.language.clone()),
            scope,
        };
        self.attributes(start, &mut element)?;
        self.open.push(element);
        Ok(())
    }

    /// What the names in `start` are resolved in: `outer` and its own declarations.
    ///
    /// The crate resolves names too, but takes a namespace as it is written, with its references.
    fn declarations(&mut self, start: &BytesStart<'_>, outer: Arc<Scope>) -> Result<Arc<Scope>, XmlError> {
        let mut own = Vec::new();
        // Each is compared with all before it.
        for (number, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|error| self.fault(error.to_string()))?;
            if number >= ATTRIBUTES_MAX {
                return Err(self.fault(format!("more than {ATTRIBUTES_MAX} attributes of one element")));
            }
            if attribute.key.as_namespace_binding().is_none() {
                continue;
            }
            let value = self.value(&attribute)?;
            let prefix = attribute.key.prefix().map_or("", |_| attribute.key.local_name().into_inner());
            if !prefix.is_empty() && (value.is_empty() || !is_local_name(prefix)) {
                return Err(self.fault("a prefix that is declared as nothing"));
            }
            let is_reserved = prefix != "xml" && value == XML || value == XMLNS;
            if is_reserved {
                return Err(self.fault("a namespace that has a prefix of its own"));
            }
            own.push((prefix.to_owned(), self.interned(&value)));
        }
        if own.is_empty() {
            return Ok(outer);
        }
        let scope = Scope { parent: Some(outer), own };
        if scope.prefixes().len() > PREFIXES_MAX {
            return Err(self.fault(format!("more than {PREFIXES_MAX} prefixes at once")));
        }
        Ok(Arc::new(scope))
    }

    fn attributes(&mut self, start: &BytesStart<'_>, element: &mut Element) -> Result<(), XmlError> {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.fault(error.to_string()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = self.value(&attribute)?;
            let (namespace, prefix, local) = self.resolved(attribute.key, false, &element.scope)?;
            if element.attributes.iter().any(|other| other.namespace == namespace && other.local == local) {
                return Err(self.fault("an attribute that stands there twice"));
            }
            if &*namespace == XML && local == "lang" {
                element.language = Some(value.as_str().into());
            }
            element.attributes.push(Attribute { namespace, prefix, local, value });
        }
        Ok(())
    }

    fn value(&self, attribute: &quick_xml::events::attributes::Attribute<'_>) -> Result<String, XmlError> {
        if attribute.value.contains('<') {
            return Err(self.fault("`<` in the value of an attribute"));
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| self.fault(error.to_string()))?
            .into_owned();
        if !value.chars().all(is_xml_character) {
            return Err(self.fault("a character reference that XML cannot hold"));
        }
        Ok(value)
    }

    /// Namespace, prefix and local name; the default namespace counts for elements alone.
    fn resolved(
        &mut self,
        name: QName<'_>,
        is_element: bool,
        scope: &Scope,
    ) -> Result<(Arc<str>, String, String), XmlError> {
        let prefix = name.prefix().map_or("", quick_xml::name::Prefix::into_inner).to_owned();
        let local = name.local_name().into_inner().to_owned();
        if prefix == "xmlns" || !is_local_name(&local) || !(prefix.is_empty() || is_local_name(&prefix)) {
            return Err(self.fault(format!("{:?} is not a name", name.0)));
        }
        let namespace = match (prefix.as_str(), scope.namespace_of(&prefix)) {
            ("xml", _) => self.interned(XML),
            ("", Some(namespace)) if is_element => Arc::clone(namespace),
            ("", _) => self.interned(""),
            (_, Some(namespace)) => Arc::clone(namespace),
            (_, None) => return Err(self.fault(format!("the prefix {prefix} is not declared"))),
        };
        Ok((namespace, prefix, local))
    }

    fn interned(&mut self, namespace: &str) -> Arc<str> {
        if let Some(known) = self.namespaces.iter().find(|known| &***known == namespace) {
            return Arc::clone(known);
        }
        let namespace: Arc<str> = namespace.into();
        // Few documents use more than ten; beyond that sharing is not worth the search.
        if self.namespaces.len() < 16 {
            self.namespaces.push(Arc::clone(&namespace));
        }
        namespace
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let element = self.open.pop().ok_or_else(|| self.fault("an end without a beginning"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return if text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']).is_empty() {
                Ok(())
            } else {
                Err(self.fault("text outside the root"))
            };
        }
        self.cdata(text)
    }

    /// Text that stands as it is: CDATA sections and resolved references, allowed inside the root alone.
    fn cdata(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(parent) = self.open.last_mut() else {
            return Err(self.fault("text outside the root"));
        };
        if let Some(Node::Text(before)) = parent.children.last_mut() {
            before.push_str(text);
            return Ok(());
        }
        if text.is_empty() {
            return Ok(());
        }
        parent.children.push(Node::Text(text.to_owned()));
        if text.trim().is_empty() { Ok(()) } else { self.count() }
    }

    fn reference(&self, reference: &quick_xml::events::BytesRef<'_>) -> Result<String, XmlError> {
        if reference.is_char_ref() {
            let character = reference
                .resolve_char_ref()
                .ok()
                .flatten()
                .filter(|character| is_xml_character(*character))
                .ok_or_else(|| self.fault("a character reference that XML cannot hold"))?;
            return Ok(character.to_string());
        }
        let name: &str = reference;
        quick_xml::escape::resolve_predefined_entity(name)
            .map(str::to_owned)
            .ok_or_else(|| self.fault(format!("the entity {name}; only the five of XML are read")))
    }
}
