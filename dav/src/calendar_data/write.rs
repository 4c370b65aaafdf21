//! A component as text again: content lines, quoted and folded (RFC 5545 §3.1, RFC 6868).

use calendar::component::{Component, Parameter, Property};
use calendar::text::fold;

/// The text of a component with everything in it.
pub fn text(component: &Component) -> String {
    let mut out = String::new();
    push(&mut out, component);
    out
}

/// Adds the text of a component to `out`.
pub fn push(out: &mut String, component: &Component) {
    out.push_str(&fold(&format!("BEGIN:{}", component.name)));
    for property in &component.properties {
        out.push_str(&fold(&line(property)));
    }
    for inner in &component.components {
        push(out, inner);
    }
    out.push_str(&fold(&format!("END:{}", component.name)));
}

/// The content line of a property, not folded.
pub fn line(property: &Property) -> String {
    let mut line = property.name.clone();
    for parameter in &property.parameters {
        push_parameter(&mut line, parameter);
    }
    line.push(':');
    line.push_str(&property.value);
    line
}

fn push_parameter(line: &mut String, parameter: &Parameter) {
    line.push(';');
    line.push_str(&parameter.name);
    line.push('=');
    for (nth, value) in parameter.values.iter().enumerate() {
        if nth > 0 {
            line.push(',');
        }
        let encoded = value.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
        if encoded.contains([':', ';', ',']) {
            line.push('"');
            line.push_str(&encoded);
            line.push('"');
        } else {
            line.push_str(&encoded);
        }
    }
}
