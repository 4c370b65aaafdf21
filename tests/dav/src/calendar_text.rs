//! iCalendar text compared: the same lines in the same components, in whatever order and however folded.

use crate::pattern::{Bindings, matches};

/// A component with its own lines.
#[derive(Debug, Default)]
struct Part {
    name: String,
    lines: Vec<String>,
    parts: Vec<Part>,
}

fn read(text: &str) -> Result<Part, String> {
    let text = text.replace("\r\n", "\n");
    let unfolded = text.replace("\n ", "").replace("\n\t", "");
    let mut open = vec![Part::default()];
    for line in unfolded.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("BEGIN:") {
            open.push(Part { name: name.to_owned(), ..Part::default() });
        } else if let Some(name) = line.strip_prefix("END:") {
            let Some(part) = open.pop().filter(|part| part.name == name) else {
                return Err(format!("{line} ends nothing"));
            };
            open.last_mut().ok_or("more ends than beginnings")?.parts.push(part);
        } else {
            open.last_mut().ok_or("a line outside")?.lines.push(line.to_owned());
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(part), true) => Ok(part),
        _ => Err("a component does not end".to_owned()),
    }
}

/// Whether `text` says what `expected` does.
///
/// # Errors
/// What differs.
pub fn compare(expected: &str, text: &str, bindings: &mut Bindings) -> Result<(), String> {
    same(&read(expected)?, &read(text)?, bindings)
}

/// The first of `items` that `fits`, taken out.
fn take<T>(items: &mut Vec<T>, mut fits: impl FnMut(&T) -> bool) -> Option<T> {
    let at = items.iter().position(&mut fits)?;
    Some(items.remove(at))
}

fn same(expected: &Part, part: &Part, bindings: &mut Bindings) -> Result<(), String> {
    let name = &expected.name;
    if *name != part.name {
        return Err(format!("BEGIN:{} where BEGIN:{name} is expected", part.name));
    }
    let mut lines: Vec<&String> = part.lines.iter().collect();
    // Those without names first, so that a name does not take their line.
    let (patterns, plain): (Vec<_>, Vec<_>) = expected.lines.iter().partition(|line| line.contains("{{"));
    for line in plain.into_iter().chain(patterns) {
        if take(&mut lines, |there| matches(line, there, bindings)).is_none() {
            return Err(format!("in {name}: no line `{line}`; left are {lines:?}"));
        }
    }
    if let Some(line) = lines.first() {
        return Err(format!("in {name}: a line `{line}` that is not expected"));
    }
    let mut parts: Vec<&Part> = part.parts.iter().collect();
    for wanted in &expected.parts {
        let mut why = format!("in {name}: no {}", wanted.name);
        let found = take(&mut parts, |there| {
            let mut tried = bindings.clone();
            match same(wanted, there, &mut tried) {
                Ok(()) => {
                    *bindings = tried;
                    true
                }
                Err(reason) => {
                    if there.name == wanted.name {
                        why = reason;
                    }
                    false
                }
            }
        });
        if found.is_none() {
            return Err(why);
        }
    }
    match parts.first() {
        Some(part) => Err(format!("in {name}: a {} that is not expected", part.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_folding_do_not_count_but_lines_do() {
        let one = "BEGIN:A\nX:1\nY:lo\n ng\nBEGIN:B\nZ:{{z}}\nEND:B\nEND:A\n";
        let mut known = Bindings::new();
        compare(one, "BEGIN:A\r\nY:long\r\nX:1\r\nBEGIN:B\r\nZ:7\r\nEND:B\r\nEND:A\r\n", &mut known).unwrap();
        assert_eq!(known["z"], "7");
        for other in [
            "BEGIN:A\nX:1\nBEGIN:B\nZ:7\nEND:B\nEND:A\n",
            "BEGIN:A\nX:1\nX:1\nY:long\nBEGIN:B\nZ:7\nEND:B\nEND:A\n",
            "BEGIN:A\nX:1\nY:long\nBEGIN:B\nZ:8\nEND:B\nEND:A\n",
            "BEGIN:A\nX:1\nY:long\nEND:A\n",
            "BEGIN:A\nX:1\nY:long\nBEGIN:B\nZ:7\nEND:B\n",
        ] {
            assert!(compare(one, other, &mut known).is_err(), "{other}");
        }
    }
}
