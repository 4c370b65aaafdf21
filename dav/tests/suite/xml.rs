//! XML: what is read and what is refused; reading, writing and reading again gives the same.

use dav::xml::name::dav;
use dav::xml::{Element, Name, Node, Writer};
use proptest::prelude::*;

#[test]
fn what_is_refused() {
    let deep = "<a>".repeat(33) + &"</a>".repeat(33);
    let many = format!("<a>{}</a>", "<b/>".repeat(50_000));
    let attributes = |count: usize| {
        let each = (0..count).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
        format!("<a{each}/>")
    };
    let wide = attributes(129);
    assert!(Element::read(attributes(128).as_bytes()).is_ok());
    let prefixes =
        |level: usize| (0..50).map(|n| format!(" xmlns:p{level}-{n}=\"u\"")).collect::<Vec<_>>().concat();
    let declared = format!("<a{}><b{}><c{}/></b></a>", prefixes(1), prefixes(2), prefixes(3));
    let fits = "<a>".repeat(32) + &"</a>".repeat(32);
    assert!(Element::read(fits.as_bytes()).is_ok());
    for (name, text) in [
        ("nothing", ""),
        ("white space", " \n"),
        ("text", "x"),
        ("two roots", "<a/><b/>"),
        ("text after", "<a/>x"),
        ("no end", "<a><b></b>"),
        ("another end", "<a></b>"),
        ("doctype", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"),
        ("entity", "<a>&x;</a>"),
        ("entity in an attribute", "<a b=\"&x;\"/>"),
        ("reference outside", "<a/>&lt;"),
        ("prefix", "<x:a/>"),
        ("prefix of an attribute", "<a x:b=\"1\"/>"),
        ("prefix of nothing", "<x:a xmlns:x=\"\"/>"),
        ("attribute twice", "<a b=\"1\" b=\"2\"/>"),
        ("attribute twice by namespace", "<a xmlns:x=\"u\" xmlns:y=\"u\" x:b=\"1\" y:b=\"2\"/>"),
        ("control", "<a>\u{1}</a>"),
        ("control by reference", "<a>&#1;</a>"),
        ("control by reference in an attribute", "<a b=\"&#1;\"/>"),
        ("name", "<1a/>"),
        ("encoding", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>"),
        ("declaration later", "<a/><?xml version=\"1.0\"?>"),
        ("depth", &deep),
        ("nodes", &many),
        ("attributes", &wide),
        ("prefixes", &declared),
    ] {
        assert!(Element::read(text.as_bytes()).is_err(), "{name}");
    }
    assert!(Element::read(b"<a>\xff</a>").is_err());
    assert!(Element::read(b"\xff\xfe<\0a\0/\0>\0").is_err());
}

#[test]
fn what_is_read() {
    let text = "\u{feff}<?xml version='1.0' encoding='utf-8'?><!-- x --><?pi?>\n\
                <a xmlns='DAV:' b='1&amp;&#x32;'>x<![CDATA[<&]]>&lt;&#228;<!-- y --><q:b xmlns:q='u' xml:lang='de'/>\r\nz</a>\n";
    let root = Element::read(text.as_bytes()).unwrap();
    assert!(root.is(dav("a")));
    assert_eq!(root.attribute("b"), Some("1&2"));
    assert_eq!(root.text(), "x<&<ä\nz");
    let inner = root.first(Name::new("u", "b")).unwrap();
    assert_eq!(inner.language.as_deref(), Some("de"));
}

#[test]
fn an_element_stands_alone() {
    let text = "<D:x xmlns:D=\"DAV:\" xmlns=\"urn:d\" xmlns:q=\"urn:q\" xmlns:unused=\"urn:u\" xml:lang=\"fr\">\
                <y a=\"q:v\"><D:z q:b=\"&#9;\"/><w xmlns=\"\">é &amp; &#13;</w></y></D:x>";
    let root = Element::read(text.as_bytes()).unwrap();
    let alone = root.elements().next().unwrap().standing_alone();
    assert_eq!(
        alone,
        "<y xmlns=\"urn:d\" xmlns:q=\"urn:q\" xml:lang=\"fr\" a=\"q:v\"><D:z xmlns:D=\"DAV:\" q:b=\"&#9;\"/>\
         <w xmlns=\"\">é &amp; &#13;</w></y>"
    );
}

/// What two elements have in common whatever their prefixes.
fn same(left: &Element, right: &Element) -> bool {
    let attributes = |element: &Element| {
        let mut all: Vec<_> = element
            .attributes
            .iter()
            .map(|a| (a.namespace.to_string(), a.local.clone(), a.value.clone()))
            .filter(|(namespace, ..)| namespace != dav::xml::name::XML)
            .collect();
        all.sort();
        all
    };
    left.name() == right.name()
        && left.language == right.language
        && attributes(left) == attributes(right)
        && left.children.len() == right.children.len()
        && left.children.iter().zip(&right.children).all(|pair| match pair {
            (Node::Element(left), Node::Element(right)) => same(left, right),
            (Node::Text(left), Node::Text(right)) => left == right,
            _ => false,
        })
}

/// XML text with prefixes that are declared here and there, and declared anew.
fn tree() -> impl Strategy<Value = String> {
    let text = "[ -~äß🍰\\n\\t]{0,6}"
        .prop_map(|text| text.replace('&', "&amp;").replace('<', "&lt;").replace("]]>", ""));
    let prefix = prop::sample::select(vec!["", "p:", "q:"]);
    let declared = prop::sample::select(vec![
        "",
        " xmlns='u1'",
        " xmlns=''",
        " xmlns:p='u2'",
        " xmlns:q='u1' xml:lang='en'",
        " xmlns:p='u3' xmlns='u4'",
    ]);
    let attribute =
        prop::sample::select(vec!["", " a='1'", " p:a='p:x'", " q:b='&#10;&quot;' a='<'", " q:c=''"])
            .prop_map(|text| text.replace("'<'", "'&lt;'"));
    let leaf = text.clone();
    leaf.prop_recursive(5, 40, 4, move |inner| {
        (
            prefix.clone(),
            declared.clone(),
            attribute.clone(),
            prop::collection::vec(inner, 0..4),
            text.clone(),
        )
            .prop_map(|(prefix, declared, attribute, children, text)| {
                format!("<{prefix}e{declared}{attribute}>{}{text}</{prefix}e>", children.concat())
            })
    })
    .prop_map(|inner| format!("<r xmlns:p='urn:p' xmlns:q='urn:q'>{inner}<p:last/></r>"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn read_write_read(text in tree()) {
        let root = Element::read(text.as_bytes()).unwrap();
        let again = Element::read(root.standing_alone().as_bytes()).unwrap();
        prop_assert!(same(&root, &again), "{text}\n{}", root.standing_alone());
        // Every part of it can stand in a document of ours.
        for part in root.elements() {
            let mut out = Writer::document(dav("prop"));
            out.element(part);
            out.close(dav("prop"));
            let text = out.finish();
            let read = Element::read(text.as_bytes()).unwrap();
            prop_assert!(same(part, read.elements().next().unwrap()), "{text}");
        }
    }

    #[test]
    fn text_survives(text in "\\PC{0,40}|[\\x09\\x0a\\x0d -~]{0,40}") {
        let mut out = Writer::document(dav("a"));
        out.empty_with(dav("b"), &[("c", &text.replace(['\n', '\t', '\r'], " "))]);
        out.text(&text);
        out.close(dav("a"));
        let read = Element::read(out.finish().as_bytes()).unwrap();
        prop_assert_eq!(read.text(), text.clone());
        let expected = text.replace(['\n', '\t', '\r'], " ");
        prop_assert_eq!(read.first(dav("b")).unwrap().attribute("c"), Some(expected.as_str()));
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _either = Element::read(&octets);
    }

    #[test]
    fn anything_like_xml_is_read_or_refused(text in "[<>/!\\[\\]?=\"' a-c:&;#x0-9\\-]{0,60}") {
        if let Ok(root) = Element::read(text.as_bytes()) {
            prop_assert!(Element::read(root.standing_alone().as_bytes()).is_ok());
        }
    }
}
