//! Partial retrieval: which components and properties are wanted (RFC 4791 §9.6.1–9.6.4).

use calendar::component::Component;

use crate::condition::Failure;
use crate::xml::Element;
use crate::xml::name::caldav;

/// What is wanted of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    name: String,
    /// `None`: all.
    properties: Option<Vec<PropertySelection>>,
    /// `None`: all, whole.
    components: Option<Vec<Selection>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PropertySelection {
    name: String,
    value: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Value,
    NameAlone,
}

impl Selection {
    /// Reads `CALDAV:comp`.
    ///
    /// A component of which nothing is said is wanted whole; of a VCALENDAR of whose properties nothing is said they
    /// are all wanted, as it is not valid without.
    pub(super) fn read(element: &Element) -> Result<Self, Failure> {
        let name = name_of(element)?;
        let properties: Vec<PropertySelection> =
            element.all(caldav("prop")).map(PropertySelection::read).collect::<Result<_, _>>()?;
        let components: Vec<Self> = element.all(caldav("comp")).map(Self::read).collect::<Result<_, _>>()?;
        let all_properties = element.first(caldav("allprop")).is_some();
        let all_components = element.first(caldav("allcomp")).is_some();
        let says_nothing =
            properties.is_empty() && components.is_empty() && !all_properties && !all_components;
        let properties_unsaid = properties.is_empty() && name == "VCALENDAR";
        Ok(Self {
            properties: (!(all_properties || says_nothing || properties_unsaid)).then_some(properties),
            components: (!(all_components || says_nothing)).then_some(components),
            name,
        })
    }

    /// Leaves of `component` what is wanted.
    pub(super) fn apply(&self, component: &mut Component) {
        if let Some(wanted) = &self.properties {
            component.properties.retain_mut(|property| {
                let Some(selection) = wanted.iter().find(|selection| selection.name == property.name) else {
                    return false;
                };
                if selection.value == Wanted::NameAlone {
                    property.value.clear();
                }
                true
            });
        }
        let Some(wanted) = &self.components else { return };
        component.components.retain_mut(|inner| {
            let Some(selection) = wanted.iter().find(|selection| selection.name == inner.name) else {
                return false;
            };
            selection.apply(inner);
            true
        });
    }
}

impl PropertySelection {
    fn read(element: &Element) -> Result<Self, Failure> {
        let value = match element.attribute("novalue") {
            Some("yes") => Wanted::NameAlone,
            _ => Wanted::Value,
        };
        Ok(Self { name: name_of(element)?, value })
    }
}

fn name_of(element: &Element) -> Result<String, Failure> {
    element
        .attribute("name")
        .map(str::to_ascii_uppercase)
        .ok_or_else(|| Failure::bad_request(format!("{} has no name", element.name().local)))
}
