//! The readable text of a letter as HTML: the same parts, without pictures, scripts or anything fetched.

use super::plain::parts;
use super::{Occasion, Reader};

/// Text that stands for itself in HTML, in content and in attribute values.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The letter as HTML.
pub(super) fn text(occasion: &Occasion<'_>, reader: Reader<'_>) -> String {
    let parts = parts(occasion, reader);
    let facts = parts.facts.iter().fold(String::new(), |rows, (label, value)| {
        let (label, value) = (escaped(label), escaped(value));
        rows + "<tr><th align=\"left\" valign=\"top\" style=\"padding-right:1em\">"
            + &label
            + "</th><td>"
            + &value
            + "</td></tr>\n"
    });
    let quote = parts.quote.map_or_else(String::new, |(label, words)| {
        let lines: Vec<String> = words.lines().map(escaped).collect();
        format!("<p>{}:</p>\n<blockquote>{}</blockquote>\n", escaped(label), lines.join("<br>\n"))
    });
    let link = parts.link.map_or_else(String::new, |(sentence, link)| {
        let link = escaped(&link);
        format!("<p>{}<br>\n<a href=\"{link}\">{link}</a></p>\n", escaped(sentence))
    });
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n\
         <p>{}</p>\n<p>{}</p>\n<h1 style=\"font-size:1.3em\">{title}</h1>\n<table>\n{facts}</table>\n{quote}{link}\
         </body></html>\n",
        escaped(&parts.greeting),
        escaped(&parts.news),
        title = escaped(&parts.title),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes() {
        assert_eq!(
            escaped("<b onclick='x'>\"A&B\"</b>"),
            "&lt;b onclick=&#39;x&#39;&gt;&quot;A&amp;B&quot;&lt;/b&gt;"
        );
    }
}
