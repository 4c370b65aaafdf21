//! A reader of HTML that is strict where browsers are kind: every element closed in order, every value quoted and
//! escaped, nothing inline, every label and link of the page leading somewhere.

use std::collections::HashSet;

const VOID: &[&str] = &["br", "input", "link", "meta", "wbr"];

/// Elements that may not stand within a paragraph.
const BLOCKS: &[&str] =
    &["p", "div", "ul", "table", "form", "h1", "h2", "h3", "section", "details", "nav", "dl"];

/// Reads a whole page; panics with the place of what is wrong.
pub(crate) fn check(page: &str) {
    assert!(page.starts_with("<!doctype html>"), "{page}");
    let mut reader = Reader { rest: &page["<!doctype html>".len()..], ..Reader::default() };
    while !reader.rest.is_empty() {
        reader.step();
    }
    assert!(reader.open.is_empty(), "left open: {:?}", reader.open);
    for (what, id) in &reader.wanted {
        assert!(reader.ids.contains(id), "{what} of {id}, which is not there");
    }
    assert_eq!(reader.h1, 1, "one h1");
    assert!(page.contains("<title>") && page.contains("lang=\"en\""));
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    open: Vec<&'a str>,
    ids: HashSet<String>,
    /// Attributes that name an id, and the id.
    wanted: Vec<(String, String)>,
    h1: usize,
}

impl<'a> Reader<'a> {
    fn step(&mut self) {
        let Some(tag) = self.rest.strip_prefix('<') else { return self.text() };
        if let Some(tag) = tag.strip_prefix('/') {
            let (name, rest) = tag.split_once('>').expect("the end of a tag");
            assert_eq!(self.open.pop(), Some(name), "closed in order, before {}", near(rest));
            self.rest = rest;
            return;
        }
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).expect("the end of a name");
        let (name, mut rest) = tag.split_at(end);
        assert!(!name.is_empty(), "a bare < before {}", near(tag));
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("/>") {
                // Only the drawing of an icon closes itself.
                assert!(self.open.contains(&"svg"), "{name} closes itself");
                self.element(name, &attributes);
                self.rest = after;
                return;
            }
            if let Some(after) = rest.strip_prefix('>') {
                self.element(name, &attributes);
                if !VOID.contains(&name) {
                    self.open.push(name);
                }
                self.rest = after;
                return;
            }
            rest = attribute(rest, &mut attributes);
        }
    }

    fn text(&mut self) {
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        assert!(!text.contains('>'), "a bare > in {}", near(text));
        assert!(!self.open.contains(&"script") || text.is_empty(), "an inline script");
        assert!(!self.open.contains(&"style"), "an inline style");
        entities(text);
        self.rest = rest;
    }

    fn element(&mut self, name: &str, attributes: &[(&'a str, &'a str)]) {
        assert!(!["style", "iframe", "base", "object"].contains(&name), "{name}");
        assert!(!(BLOCKS.contains(&name) && self.open.contains(&"p")), "{name} within a paragraph");
        assert!(!(name == "a" && self.open.contains(&"a")), "a link within a link");
        assert!(!(name == "form" && self.open.contains(&"form")), "a form within a form");
        self.h1 += usize::from(name == "h1");
        let value =
            |wanted: &str| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let mut seen = HashSet::new();
        for (attribute, value) in attributes {
            assert!(seen.insert(*attribute), "{attribute} twice on {name}");
            assert!(!attribute.starts_with("on") && *attribute != "style", "{attribute} on {name}");
            if ["for", "aria-labelledby", "aria-describedby", "form"].contains(attribute) {
                let ids = value.split_whitespace().map(|id| ((*attribute).to_owned(), id.to_owned()));
                self.wanted.extend(ids);
            }
            if ["href", "src", "action"].contains(attribute) {
                let local = value.starts_with('/') && !value.starts_with("//");
                let known = ["https://calendar.google.com/", "https://outlook.", "https://meet.example/"];
                let abroad =
                    *attribute == "href" && name == "a" && known.iter().any(|one| value.starts_with(one));
                let here = value.strip_prefix('#').map(str::to_owned);
                assert!(local || abroad || here.is_some(), "{attribute}={value} on {name}");
                self.wanted.extend(here.map(|id| ("a link".to_owned(), id)));
            }
        }
        if name == "script" {
            assert!(value("src").is_some(), "an inline script");
        }
        if let Some(id) = value("id") {
            assert!(self.ids.insert(id.to_owned()), "the id {id} twice");
        }
        let typed = value("type").unwrap_or_default();
        if ["input", "select", "textarea"].contains(&name) && typed != "hidden" {
            let id = value("id").expect("an id for its label");
            self.wanted.push(("a label".to_owned(), id.to_owned()));
        }
    }
}

fn attribute<'a>(rest: &'a str, attributes: &mut Vec<(&'a str, &'a str)>) -> &'a str {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).expect("the end of an attribute");
    let (name, rest) = rest.split_at(end);
    assert!(!name.is_empty(), "no attribute at {}", near(rest));
    let Some(value) = rest.strip_prefix("=\"") else {
        attributes.push((name, ""));
        return rest;
    };
    let (value, rest) = value.split_once('"').expect("the end of a value");
    assert!(!value.contains('<'), "a bare < in {name}={value}");
    entities(value);
    attributes.push((name, value));
    rest
}

/// Every ampersand begins a reference.
fn entities(text: &str) {
    for after in text.split('&').skip(1) {
        let name = after.split_once(';').map_or("", |(name, _)| name);
        let known = ["amp", "lt", "gt", "quot"].contains(&name) || name.starts_with('#');
        assert!(known, "a bare & before {}", near(after));
    }
}

fn near(text: &str) -> String {
    text.chars().take(60).collect()
}

#[test]
fn it_is_strict() {
    let page =
        |main: &str| format!("<!doctype html><html lang=\"en\"><title>x</title><h1>x</h1>{main}</html>");
    check(&page("<p id=\"a\">1 &lt; 2</p><a href=\"#a\">a</a><br>"));
    for wrong in [
        "<p><b></p></b>",
        "<p>",
        "1 > 2",
        "a & b",
        "<a href=\"/x\" onclick=\"y\">a</a>",
        "<p style=\"color:red\">a</p>",
        "<script>x</script>",
        "<a href=\"javascript:x\">a</a>",
        "<a href=\"//evil.example\">a</a>",
        "<p id=\"a\"></p><p id=\"a\"></p>",
        "<label for=\"b\">a</label>",
        "<p><div></div></p>",
        "<h1>two</h1>",
    ] {
        let page = page(wrong);
        assert!(std::panic::catch_unwind(|| check(&page)).is_err(), "{wrong}");
    }
}
