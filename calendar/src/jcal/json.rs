//! A tree of components as JSON (RFC 7265 §3.2 to §3.6).

use serde_json::{Map, Number, Value, json};

use super::recur;
use super::shape::{Layout, UNKNOWN, default_type, layout, split};
use crate::component::{Component, Property};
use crate::text::{unescape, written_name};

/// A component: its name, its properties, its components (§3.3).
pub(super) fn component(component: &Component) -> Value {
    let properties: Vec<Value> = component.properties.iter().map(property).collect();
    let components: Vec<Value> = component.components.iter().map(self::component).collect();
    json!([name_of(&component.name), properties, components])
}

/// A name, lower case, without what no name can hold (the field writes spaces in those of parameters).
fn name_of(name: &str) -> String {
    written_name(name).to_ascii_lowercase()
}

/// A property: its name, its parameters, its type, its values (§3.4).
fn property(property: &Property) -> Value {
    let kind = type_of(property);
    let mut parts = vec![json!(name_of(&property.name)), Value::Object(parameters(property)), json!(kind)];
    let value = property.value.as_str();
    let one = |value: &str| value_of(&kind, value);
    match layout(&property.name, &kind) {
        Layout::Single => parts.push(one(value)),
        Layout::List => parts.extend(split(value, ',').into_iter().map(one)),
        Layout::Structured => {
            parts.push(Value::Array(split(value, ';').into_iter().map(one).collect()));
        }
    }
    Value::Array(parts)
}

/// The type of a value: as VALUE says, as the property has it, or, where the field leaves VALUE=DATE out, by its looks.
fn type_of(property: &Property) -> String {
    if let Some(named) = property.parameter("VALUE") {
        return name_of(named);
    }
    let usual = default_type(&property.name);
    let first = property.value.split(',').next().unwrap_or_default();
    match usual {
        "date-time" if date_time(first).is_none() && date(first).is_some() => "date".to_owned(),
        "date-time" if property.name == "RDATE" && first.contains('/') => "period".to_owned(),
        "duration" if property.name == "TRIGGER" && date_time(first).is_some() => "date-time".to_owned(),
        other => other.to_owned(),
    }
}

/// All parameters but VALUE (§3.5); values of one that stands there twice are together.
fn parameters(property: &Property) -> Map<String, Value> {
    let mut map = Map::new();
    for parameter in property.parameters.iter().filter(|parameter| parameter.name != "VALUE") {
        let new = parameter.values.iter().map(|value| json!(value));
        match map.get_mut(&name_of(&parameter.name)) {
            Some(Value::Array(values)) => values.extend(new),
            Some(single) => {
                let all = std::iter::once(single.clone()).chain(new).collect();
                *single = Value::Array(all);
            }
            None => {
                let value = match parameter.values.as_slice() {
                    [one] => json!(one),
                    _ => Value::Array(new.collect()),
                };
                map.insert(name_of(&parameter.name), value);
            }
        }
    }
    map
}

/// One value of the type `kind` (§3.6); what is none of it, as it stands.
fn value_of(kind: &str, value: &str) -> Value {
    let text = match kind {
        "text" => Some(unescape(value)),
        "date" => date(value),
        "date-time" => date_time(value),
        "time" => time(value),
        "utc-offset" => offset(value),
        "integer" => return integer(value).unwrap_or_else(|| json!(value)),
        "float" => return float(value).unwrap_or_else(|| json!(value)),
        "boolean" if value.eq_ignore_ascii_case("true") => return Value::Bool(true),
        "boolean" if value.eq_ignore_ascii_case("false") => return Value::Bool(false),
        "period" => return period(value).unwrap_or_else(|| json!(value)),
        "recur" => return recur::to_json(value).unwrap_or_else(|| json!(value)),
        _ => None,
    };
    debug_assert!(kind != UNKNOWN || text.is_none(), "an unknown type is written as it stands");
    Value::String(text.unwrap_or_else(|| value.to_owned()))
}

fn digits(value: &str, count: usize) -> bool {
    value.len() == count && value.bytes().all(|octet| octet.is_ascii_digit())
}

/// `19850412` as `1985-04-12` (§3.6.4).
pub(super) fn date(value: &str) -> Option<String> {
    digits(value, 8).then(|| format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]))
}

/// `230000Z` as `23:00:00Z` (§3.6.6).
fn time(value: &str) -> Option<String> {
    let (clock, mark) = match value.strip_suffix('Z') {
        Some(clock) => (clock, "Z"),
        None => (value, ""),
    };
    digits(clock, 6).then(|| format!("{}:{}:{}{mark}", &clock[..2], &clock[2..4], &clock[4..]))
}

/// `19850412T230000Z` as `1985-04-12T23:00:00Z` (§3.6.5).
pub(super) fn date_time(value: &str) -> Option<String> {
    let (day, clock) = value.split_once('T')?;
    Some(format!("{}T{}", date(day)?, time(clock)?))
}

/// `-0500` as `-05:00` (§3.6.13).
fn offset(value: &str) -> Option<String> {
    let digits_after = value.strip_prefix(['+', '-'])?;
    let sign = &value[..1];
    if digits(digits_after, 4) {
        return Some(format!("{sign}{}:{}", &digits_after[..2], &digits_after[2..]));
    }
    digits(digits_after, 6)
        .then(|| format!("{sign}{}:{}:{}", &digits_after[..2], &digits_after[2..4], &digits_after[4..]))
}

pub(super) fn integer(value: &str) -> Option<Value> {
    value.parse::<i64>().ok().map(|number| json!(number))
}

/// A number without exponent, as iCalendar has them (§3.6.8).
fn float(value: &str) -> Option<Value> {
    let plain = value.bytes().all(|octet| octet.is_ascii_digit() || matches!(octet, b'+' | b'-' | b'.'));
    let number = value.parse::<f64>().ok().filter(|_| plain)?;
    Number::from_f64(number).map(Value::Number)
}

/// A start and an end or a duration (§3.6.9).
fn period(value: &str) -> Option<Value> {
    let (start, end) = value.split_once('/')?;
    let end = date_time(end).unwrap_or_else(|| end.to_owned());
    Some(json!([date_time(start)?, end]))
}
