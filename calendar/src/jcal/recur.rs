//! Recurrence rules as objects and back (RFC 7265 §3.6.10; RFC 7529 §6 adds RSCALE and SKIP).

use serde_json::{Map, Value, json};

use super::json;

/// The parts in the order in which they are written; RSCALE stands before FREQ, whose calendar it is.
const ORDER: [&str; 16] = [
    "rscale",
    "freq",
    "until",
    "count",
    "interval",
    "bysecond",
    "byminute",
    "byhour",
    "byday",
    "bymonthday",
    "byyearday",
    "byweekno",
    "bymonth",
    "bysetpos",
    "wkst",
    "skip",
];

/// A rule as an object; `None` where it is none, or a part stands there twice.
pub(super) fn to_json(value: &str) -> Option<Value> {
    let mut map = Map::new();
    for part in value.split(';').filter(|part| !part.trim().is_empty()) {
        let (name, value) = part.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim();
        if name.contains(',') || value.contains('=') {
            return None;
        }
        let items: Vec<Value> = value.split(',').map(|item| item_of(&name, item.trim())).collect();
        let json = match items.as_slice() {
            [one] => one.clone(),
            _ => Value::Array(items),
        };
        if map.insert(name, json).is_some() {
            return None;
        }
    }
    map.contains_key("freq").then_some(Value::Object(map))
}

fn item_of(name: &str, item: &str) -> Value {
    let number = match name {
        "until" => {
            return json!(json::date_time(item).or_else(|| json::date(item)).as_deref().unwrap_or(item));
        }
        "freq" | "wkst" | "byday" | "rscale" | "skip" => None,
        _ => json::integer(item),
    };
    number.unwrap_or_else(|| json!(item))
}

/// An object as a rule; `None` where a part is neither text nor number nor a list of those.
pub(super) fn to_text(map: &Map<String, Value>) -> Option<String> {
    let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    let mut parts: Vec<(String, &Value)> =
        map.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    parts.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    let mut text = String::new();
    for (name, value) in parts {
        let items = match value {
            Value::Array(items) => items.iter().map(item_text).collect::<Option<Vec<_>>>()?,
            one => vec![item_text(one)?],
        };
        let is_clean = |part: &str| !part.contains([';', '=', ',', '\r', '\n']);
        if !is_clean(&name) || !items.iter().all(|item| is_clean(item)) {
            return None;
        }
        let items = match name.as_str() {
            "until" => items.into_iter().map(|item| item.replace(['-', ':'], "")).collect(),
            _ => items,
        };
        if !text.is_empty() {
            text.push(';');
        }
        text.push_str(&name.to_ascii_uppercase());
        text.push('=');
        text.push_str(&items.join(","));
    }
    Some(text)
}

fn item_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
