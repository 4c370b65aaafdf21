//! XML compared as XML: names with their namespaces, attributes, text; in whatever order and with whatever prefixes.
//!
//! `<K:any/>` among the expected children lets further ones stand beside them. Elements of this server's own namespace
//! (the sentence in an error body) and `DAV:responsedescription` are not compared.

use dav::xml::name::{KALENDS, PREFIXES, dav, kalends};
use dav::xml::{Element, Node};

use crate::calendar_text;
use crate::pattern::{Bindings, matches};

/// The document with the usual prefixes declared on its root, where it declares none itself.
pub fn declared(xml: &str) -> String {
    let xml = xml.trim_start();
    let (head, rest) = match xml.strip_prefix("<?").and_then(|rest| rest.split_once("?>")) {
        Some((head, rest)) => (format!("<?{head}?>"), rest.trim_start()),
        None => (String::new(), xml),
    };
    let root = rest.split('>').next().unwrap_or_default();
    if !rest.starts_with('<') || root.contains("xmlns") {
        return xml.to_owned();
    }
    let end = rest
        .find(|character: char| character.is_whitespace() || "/>".contains(character) && character != '<');
    let end = end.unwrap_or(rest.len());
    let mut text = head;
    text.push_str(&rest[..end]);
    for (prefix, namespace) in PREFIXES {
        text.push_str(&[" xmlns:", prefix, "=\"", namespace, "\""].concat());
    }
    text.push_str(&rest[end..]);
    text
}

/// Whether `text` is the XML that `expected` says.
///
/// # Errors
/// What differs.
pub fn xml(expected: &str, text: &str, bindings: &mut Bindings) -> Result<(), String> {
    let wanted = Element::read(declared(expected).as_bytes())
        .map_err(|error| format!("the expected XML is not XML: {error}"))?;
    let there = Element::read(text.as_bytes()).map_err(|error| format!("not XML: {error}"))?;
    same(&wanted, &there, bindings)
}

/// Whether it is for people, or for nobody but this suite.
fn own(element: &Element) -> bool {
    element.name().namespace == KALENDS || element.is(dav("responsedescription"))
}

fn direct_text(element: &Element) -> String {
    let pieces = element.children.iter().filter_map(|child| match child {
        Node::Text(text) => Some(text.trim()),
        Node::Element(_) => None,
    });
    pieces.collect::<Vec<_>>().concat()
}

fn attributes(element: &Element) -> Vec<(String, String, String)> {
    let all = element
        .attributes
        .iter()
        .map(|attribute| (attribute.namespace.to_string(), attribute.local.clone(), attribute.value.clone()));
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn same(wanted: &Element, there: &Element, bindings: &mut Bindings) -> Result<(), String> {
    let name = wanted.name();
    if name != there.name() {
        return Err(format!("{:?} where {name:?} is expected", there.name()));
    }
    if attributes(wanted) != attributes(there) {
        return Err(format!("{name:?} has {:?}, not {:?}", attributes(there), attributes(wanted)));
    }
    let (text, pattern) = (direct_text(there), direct_text(wanted));
    let free = wanted.elements().any(|child| child.is(kalends("any")));
    if pattern.starts_with("BEGIN:VCALENDAR") {
        calendar_text::compare(&pattern, &text, bindings).map_err(|why| format!("{name:?}: {why}"))?;
    } else if !(matches(&pattern, &text, bindings) || free && pattern.is_empty()) {
        return Err(format!("{name:?} holds `{text}`, not `{pattern}`"));
    }
    children(wanted, there, free, bindings)
}

fn children(wanted: &Element, there: &Element, free: bool, bindings: &mut Bindings) -> Result<(), String> {
    let name = wanted.name();
    let mut left: Vec<&Element> = there.elements().filter(|child| !own(child)).collect();
    for child in wanted.elements().filter(|child| !own(child)) {
        let missing = format!("{name:?} holds no {:?}", child.name());
        let mut why = String::new();
        let found = left.iter().position(|candidate| {
            let mut tried = bindings.clone();
            match same(child, candidate, &mut tried) {
                Ok(()) => {
                    *bindings = tried;
                    true
                }
                Err(reason) => {
                    // The candidate that came furthest says best what is wrong.
                    if candidate.name() == child.name() && reason.len() > why.len() {
                        why = format!("{name:?} > {reason}");
                    }
                    false
                }
            }
        });
        match found {
            Some(at) => drop(left.remove(at)),
            None => return Err(if why.is_empty() { missing } else { why }),
        }
    }
    match left.first() {
        Some(child) if !free => Err(format!("{name:?} holds {:?}, which is not expected", child.name())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(expected: &str, text: &str) -> bool {
        xml(expected, text, &mut Bindings::new()).is_ok()
    }

    #[test]
    fn prefixes_order_and_white_space_do_not_count() {
        let expected = "<D:a x=\"1\"><D:b>t</D:b><C:c/></D:a>";
        assert!(compared(
            expected,
            "<a xmlns=\"DAV:\" x=\"1\"><c xmlns=\"urn:ietf:params:xml:ns:caldav\"/> <b>\n t </b></a>"
        ));
        for other in [
            "<a xmlns=\"DAV:\" x=\"1\"><c/><b>t</b></a>",
            "<D:a xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:b>t</D:b><C:c/></D:a>",
            "<D:a x=\"1\" xmlns:D=\"DAV:\"><D:b>t</D:b></D:a>",
        ] {
            assert!(!compared(expected, other), "{other}");
        }
        let more = "<D:a x=\"1\" xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:b>t</D:b><D:b>t</D:b><C:c/></D:a>";
        assert!(!compared(expected, more));
        assert!(compared("<D:a x=\"1\"><C:c/><K:any/></D:a>", more));
    }
}
