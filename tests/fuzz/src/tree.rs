//! Trees of components compared, and whether they can be written as they are.

use calendar::component::{Component, Property};

/// The tree without where it stood.
pub(crate) fn without_places(component: &Component) -> Component {
    Component {
        name: component.name.clone(),
        properties: component.properties.iter().map(property_without_place).collect(),
        components: component.components.iter().map(without_places).collect(),
        octets: 0..0,
        line: 0,
    }
}

pub(crate) fn property_without_place(property: &Property) -> Property {
    Property { octets: 0..0, line: 0, ..property.clone() }
}

/// Whether writing changes nothing: names are names and no value holds a control character.
pub(crate) fn is_writable(component: &Component) -> bool {
    is_name(&component.name)
        && component.components.iter().all(is_writable)
        && component.properties.iter().all(|property| {
            is_name(&property.name)
                && is_plain(&property.value)
                && property.parameters.iter().all(|parameter| {
                    is_name(&parameter.name)
                        && !parameter.values.is_empty()
                        && parameter.values.iter().all(|value| is_plain(&value.replace('\n', "")))
                })
        })
}

/// Whether every component's name is one; a name that must be mended to be written may become another's.
pub(crate) fn has_names(component: &Component) -> bool {
    is_name(&component.name) && component.components.iter().all(has_names)
}

fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| {
        letter.is_ascii_uppercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_' | '.' | '/')
    };
    !name.is_empty() && name.chars().all(is_letter)
}

fn is_plain(value: &str) -> bool {
    value.chars().all(|letter| !letter.is_control() || letter == '\t')
}
