//! Text with `{{name}}` in it: what stands there is kept under the name, and must be the same the next time.

use std::collections::BTreeMap;

/// What the names stand for so far.
pub type Bindings = BTreeMap<String, String>;

/// A piece of a pattern.
enum Piece<'a> {
    Literal(&'a str),
    /// `{{*}}`: anything; `{{name}}`: what it stands for.
    Name(&'a str),
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        pieces.push(Piece::Literal(before));
        pieces.push(Piece::Name(name));
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

/// Whether `text` is what `pattern` says; names met for the first time are kept.
pub fn matches(pattern: &str, text: &str, bindings: &mut Bindings) -> bool {
    let mut found = bindings.clone();
    let fits = follow(&pieces(pattern), text, &mut found);
    if fits {
        *bindings = found;
    }
    fits
}

fn follow(pieces: &[Piece<'_>], text: &str, bindings: &mut Bindings) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Literal(literal), rest @ ..] => {
            text.strip_prefix(literal).is_some_and(|text| follow(rest, text, bindings))
        }
        [Piece::Name(name), rest @ ..] => {
            if let Some(known) = bindings.get(*name).cloned() {
                return text.strip_prefix(known.as_str()).is_some_and(|text| follow(rest, text, bindings));
            }
            // The shortest that lets the rest fit; nothing at all is no value.
            for end in text.char_indices().map(|(at, character)| at + character.len_utf8()) {
                let mut tried = bindings.clone();
                if follow(rest, &text[end..], &mut tried) {
                    if *name != "*" {
                        tried.insert((*name).to_owned(), text[..end].to_owned());
                    }
                    *bindings = tried;
                    return true;
                }
            }
            false
        }
    }
}

/// What is sent: names stand for their values, `{{x*1000}}` for x a thousand times.
pub fn filled(pattern: &str, bindings: &Bindings) -> Result<String, String> {
    let mut text = String::new();
    for piece in pieces(pattern) {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Name(name) => match (bindings.get(name), name.rsplit_once('*')) {
                (Some(value), _) => text.push_str(value),
                (None, Some((what, times))) => {
                    let times: usize = times.parse().map_err(|_| format!("{{{{{name}}}}}: how often?"))?;
                    text.push_str(&what.replace("\\n", "\n").repeat(times));
                }
                (None, None) => return Err(format!("nothing is called {name} yet")),
            },
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_compared() {
        let mut known = Bindings::new();
        assert!(matches("\"{{tag}}\"", "\"a-1\"", &mut known));
        assert_eq!(known["tag"], "a-1");
        assert!(matches("x {{tag}} y {{*}}", "x a-1 y z", &mut known));
        assert!(!matches("{{tag}}", "a-2", &mut known));
        assert!(!matches("a{{b}}", "a", &mut known), "nothing is no value");
        assert!(!matches("a{{b}}c", "a1d", &mut known) && !known.contains_key("b"));
    }

    #[test]
    fn what_is_sent_is_filled_in() {
        let known = Bindings::from([("a".to_owned(), "1".to_owned())]);
        assert_eq!(filled("x{{a}}{{yz*3}}", &known).unwrap(), "x1yzyzyz");
        assert!(filled("{{b}}", &known).is_err());
    }
}
