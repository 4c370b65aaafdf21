//! The generic tree of components, properties and parameters (RFC 5545 §3.4–3.6, §3.2).

use std::ops::Range;

/// A component: `BEGIN:NAME` … `END:NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Upper-case name.
    pub name: String,
    /// Its own properties, in order.
    pub properties: Vec<Property>,
    /// What it contains, in order.
    pub components: Vec<Component>,
    /// Where it stands in the text it was read from, BEGIN line to END line; empty for one that was built.
    pub octets: Range<usize>,
    /// The line of its BEGIN, from 1.
    pub line: u32,
}

/// A property: one unfolded content line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// Upper-case name.
    pub name: String,
    /// Parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The value as written, unfolded, still escaped.
    pub value: String,
    /// Where its (folded) line stands in the text, line end included; empty for one that was built.
    pub octets: Range<usize>,
    /// Its line, from 1.
    pub line: u32,
}

/// A parameter with its values, unquoted and RFC 6868-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Upper-case name.
    pub name: String,
    /// At least one value.
    pub values: Vec<String>,
}

impl Component {
    /// The first property called `name` (upper case).
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// All properties called `name`.
    pub fn properties_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    /// The unescaped text of the first property called `name`.
    pub fn text(&self, name: &str) -> Option<String> {
        self.property(name).map(Property::text)
    }

    /// All components called `name` directly inside.
    pub fn components_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Component> {
        self.components.iter().filter(move |component| component.name == name)
    }
}

impl Property {
    /// The first value of parameter `name` (upper case).
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .and_then(|parameter| parameter.values.first())
            .map(String::as_str)
    }

    /// The value as TEXT, unescaped (RFC 5545 §3.3.11).
    pub fn text(&self) -> String {
        crate::text::unescape(&self.value)
    }
}
