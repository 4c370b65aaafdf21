//! The table of explanations in the documentation, derived from a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::explain::EXPLANATIONS;

const BEGIN: &str = "<!-- explanations -->\n";
const END: &str = "<!-- end -->\n";

/// Puts the table between the two marks of the document at `path`.
pub(crate) fn write(path: &Path, counts: &BTreeMap<&'static str, usize>, cases: usize) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(told)?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| format!("{}: no {BEGIN}", path.display()))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| format!("{}: no {END}", path.display()))?;
    let mut table = format!(
        "\n| explanation | differs | of {cases} | why, and who is right |\n| --- | --- | --- | --- |\n"
    );
    for explanation in EXPLANATIONS {
        // How many get no answer in time is a matter of the machine.
        let count = match counts.get(explanation.id) {
            _ if explanation.id.ends_with("no-answer") => "few".to_owned(),
            count => count.copied().unwrap_or(0).to_string(),
        };
        table += &format!(
            "| `{}` | {} | {count} | {} |\n",
            explanation.id,
            explanation.oracle.title(),
            explanation.reason
        );
    }
    fs::write(path, format!("{before}{BEGIN}{table}\n{END}{after}")).map_err(told)
}
