//! JSON as a tree of components (RFC 7265 §4).

use serde_json::{Map, Value};

use super::shape::{UNKNOWN, default_type};
use super::{JcalError, recur};
use crate::component::{Component, Parameter, Property};
use crate::text::escape;

/// A component.
pub(super) fn component(value: &Value) -> Result<Component, JcalError> {
    let wrong = |place: &str| JcalError::new(place, "a component is a name, properties and components");
    let Some([Value::String(name), Value::Array(properties), Value::Array(components)]) =
        value.as_array().map(Vec::as_slice)
    else {
        return Err(wrong(value.get(0).and_then(Value::as_str).unwrap_or("vcalendar")));
    };
    Ok(Component {
        name: name_of(name)?,
        properties: properties.iter().map(property).collect::<Result<_, _>>()?,
        components: components.iter().map(component).collect::<Result<_, _>>()?,
        ..Component::default()
    })
}

/// A name, upper case; what no name can hold is refused.
fn name_of(name: &str) -> Result<String, JcalError> {
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'/');
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(JcalError::new(name, "this is no name of iCalendar"));
    }
    let name = name.to_ascii_uppercase();
    if ["BEGIN", "END"].contains(&name.as_str()) {
        return Err(JcalError::new(&name, "a component is opened and closed by its array alone"));
    }
    Ok(name)
}

fn property(value: &Value) -> Result<Property, JcalError> {
    let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let [Value::String(name), Value::Object(parameters), Value::String(kind), values @ ..] = parts else {
        let place = value.get(0).and_then(Value::as_str).unwrap_or("property");
        return Err(JcalError::new(place, "a property is a name, parameters, a type and values"));
    };
    let name = name_of(name)?;
    if values.is_empty() {
        return Err(JcalError::new(&name, "a property has a value"));
    }
    let kind = kind.to_ascii_lowercase();
    let mut parameters = self::parameters(&name, parameters)?;
    if kind != UNKNOWN && kind != default_type(&name) {
        let values = vec![name_of(&kind)?];
        parameters.insert(0, Parameter { name: "VALUE".to_owned(), values });
    }
    let text = |value: &Value| text_of(&name, &kind, value);
    let value = match values {
        // Structured values of properties that are not known are let in too (§3.4.1.3).
        [Value::Array(items)] if kind != "period" => {
            items.iter().map(text).collect::<Result<Vec<_>, _>>()?.join(";")
        }
        _ => values.iter().map(text).collect::<Result<Vec<_>, _>>()?.join(","),
    };
    Ok(Property { name, parameters, value, ..Property::default() })
}

/// The parameters; VALUE is the type and none of them (RFC 7265 §3.5).
fn parameters(place: &str, map: &Map<String, Value>) -> Result<Vec<Parameter>, JcalError> {
    let mut parameters = Vec::with_capacity(map.len());
    for (name, value) in map {
        let name = name_of(name)?;
        let plain = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(truth) => Ok(truth.to_string().to_ascii_uppercase()),
            _ => Err(JcalError::new(place, format!("the parameter {name} is text, or a list of texts"))),
        };
        let values = match value {
            Value::Array(values) if !values.is_empty() => {
                values.iter().map(plain).collect::<Result<_, _>>()?
            }
            one => vec![plain(one)?],
        };
        if name != "VALUE" {
            parameters.push(Parameter { name, values });
        }
    }
    Ok(parameters)
}

/// One value of the type `kind` as it stands in a content line.
fn text_of(name: &str, kind: &str, value: &Value) -> Result<String, JcalError> {
    let wrong = || JcalError::new(name, format!("its value is no {kind}"));
    Ok(match (kind, value) {
        ("text", Value::String(text)) => escape(text),
        ("date", Value::String(text)) => compact(text, "0000-00-00"),
        ("date-time", Value::String(text)) => date_time(text),
        ("time", Value::String(text)) => time(text),
        ("utc-offset", Value::String(text)) => offset(text),
        ("period", Value::Array(parts)) => match parts.as_slice() {
            [Value::String(start), Value::String(end)] => format!("{}/{}", date_time(start), date_time(end)),
            _ => return Err(wrong()),
        },
        ("recur", Value::Object(map)) => recur::to_text(map).ok_or_else(wrong)?,
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(truth)) => truth.to_string().to_ascii_uppercase(),
        (_, Value::Number(number)) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            // Without exponent, which iCalendar does not know.
            None => number.as_f64().ok_or_else(wrong)?.to_string(),
        },
        _ => return Err(wrong()),
    })
}

/// Without its dashes and colons where it looks like `model`, in which `0` is any digit; else as it stands.
fn compact(text: &str, model: &str) -> String {
    let fits = text.len() == model.len()
        && text.bytes().zip(model.bytes()).all(|(octet, model)| match model {
            b'0' => octet.is_ascii_digit(),
            other => octet == other,
        });
    if fits { text.replace(['-', ':'], "") } else { text.to_owned() }
}

fn time(text: &str) -> String {
    let model = if text.ends_with('Z') { "00:00:00Z" } else { "00:00:00" };
    compact(text, model)
}

fn date_time(text: &str) -> String {
    let model = if text.ends_with('Z') { "0000-00-00T00:00:00Z" } else { "0000-00-00T00:00:00" };
    compact(text, model)
}

fn offset(text: &str) -> String {
    let Some(sign) = text.get(..1).filter(|sign| ["+", "-"].contains(sign)) else { return text.to_owned() };
    let rest = &text[1..];
    let model = if rest.len() > 5 { "00:00:00" } else { "00:00" };
    format!("{sign}{}", compact(rest, model))
}
