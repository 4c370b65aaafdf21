//! Shell completions, made from the table of commands.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::table::{COMMANDS, COMMON, Spec};

/// The completions for `shell`.
///
/// # Errors
/// Which shells there are.
pub fn text(shell: &str) -> Result<String, String> {
    match shell {
        "bash" => Ok(bash()),
        "zsh" => Ok(zsh()),
        "fish" => Ok(fish()),
        other => Err(format!("there are completions for bash, zsh and fish, not for `{other}`")),
    }
}

/// Every beginning of a command, with the words that may follow it.
fn followers() -> Vec<(String, Vec<&'static str>)> {
    let beginnings: BTreeSet<Vec<&str>> = COMMANDS
        .iter()
        .flat_map(|spec| (0..spec.words.len()).map(|count| spec.words[..count].to_vec()))
        .collect();
    beginnings
        .into_iter()
        .map(|beginning| {
            let next: BTreeSet<&'static str> = COMMANDS
                .iter()
                .filter(|spec| spec.words.starts_with(&beginning))
                .filter_map(|spec| spec.words.get(beginning.len()).copied())
                .collect();
            (beginning.join(" "), next.into_iter().collect())
        })
        .collect()
}

fn options_of(spec: &Spec) -> String {
    let names: Vec<String> =
        spec.options.iter().chain(COMMON).map(|option| format!("--{}", option.name)).collect();
    names.join(" ")
}

fn bash() -> String {
    let mut text = String::from(
        "# kalends completions for bash\n_kalends() {\n    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=() part\n    \
         for part in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        [[ $part == -* ]] || words+=(\"$part\")\n    done\n    \
         case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n        --config|--dir|--from|--to|--key) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n    \
         esac\n    local said=\"${words[*]}\"\n    case \"$said\" in\n",
    );
    let mut specs: Vec<&Spec> = COMMANDS.iter().collect();
    specs.sort_by_key(|spec| std::cmp::Reverse(spec.words.len()));
    for (beginning, next) in followers() {
        let _ = writeln!(
            text,
            "        \"{beginning}\") [[ $word == -* ]] || {{ COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return; }} ;;",
            next.join(" ")
        );
    }
    text.push_str("    esac\n    case \"$said\" in\n");
    for spec in specs {
        let name = spec.words.join(" ");
        let _ = writeln!(
            text,
            "        \"{name}\"*) if [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;",
            options_of(spec)
        );
    }
    text.push_str("    esac\n}\ncomplete -o filenames -F _kalends kalends\n");
    text
}

fn zsh() -> String {
    let mut text = String::from(
        "#compdef kalends\n# kalends completions for zsh\n_kalends() {\n    local -a said\n    local part\n    for part in ${words[2,CURRENT-1]}; do [[ $part == -* ]] || said+=($part); done\n    if [[ $words[CURRENT] != -* ]]; then\n        case \"${said[*]}\" in\n",
    );
    for (beginning, next) in followers() {
        let described: Vec<String> = next
            .iter()
            .map(|word| {
                let full =
                    if beginning.is_empty() { (*word).to_owned() } else { format!("{beginning} {word}") };
                let summary =
                    COMMANDS.iter().find(|spec| spec.words.join(" ") == full).map_or("", |spec| spec.summary);
                format!("'{word}:{}'", summary.replace('\'', "").replace(':', " -"))
            })
            .collect();
        let _ = writeln!(
            text,
            "            \"{beginning}\") local -a next=({}); _describe command next; return ;;",
            described.join(" ")
        );
    }
    text.push_str("        esac\n        _files\n        return\n    fi\n    case \"${said[*]}\" in\n");
    let mut specs: Vec<&Spec> = COMMANDS.iter().collect();
    specs.sort_by_key(|spec| std::cmp::Reverse(spec.words.len()));
    for spec in specs {
        let _ = writeln!(text, "        \"{}\"*) compadd -- {} ;;", spec.words.join(" "), options_of(spec));
    }
    text.push_str("    esac\n}\n_kalends \"$@\"\n");
    text
}

fn fish() -> String {
    let mut text = String::from(
        "# kalends completions for fish\nfunction __kalends_said\n    set -l words (commandline -opc)\n    set -e words[1]\n    \
         string match -v -- '-*' $words | string join ' '\nend\n",
    );
    for (beginning, next) in followers() {
        for word in next {
            let full = if beginning.is_empty() { word.to_owned() } else { format!("{beginning} {word}") };
            let summary =
                COMMANDS.iter().find(|spec| spec.words.join(" ") == full).map_or("", |spec| spec.summary);
            let _ = writeln!(
                text,
                "complete -c kalends -f -n 'test \"$(__kalends_said)\" = \"{beginning}\"' -a '{word}' -d '{}'",
                summary.replace('\'', "")
            );
        }
    }
    for spec in COMMANDS {
        for option in spec.options.iter().chain(COMMON) {
            let value = if option.value.is_some() { " -r" } else { "" };
            let _ = writeln!(
                text,
                "complete -c kalends -n 'string match -q -- \"{}*\" \"$(__kalends_said)\"' -l {}{value} -d '{}'",
                spec.words.join(" "),
                option.name,
                option.help.replace('\'', "")
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_knows_every_command_and_option() {
        for shell in ["bash", "zsh", "fish"] {
            let text = text(shell).unwrap();
            for spec in COMMANDS {
                for word in spec.words {
                    assert!(text.contains(word), "{shell}: {word}");
                }
                for option in spec.options {
                    assert!(text.contains(option.name), "{shell}: {}", option.name);
                }
            }
        }
        assert!(text("tcsh").is_err());
    }

    #[test]
    fn bash_reads_its_completions() {
        let script = format!(
            "{}\nCOMP_WORDS=(kalends source s); COMP_CWORD=2; _kalends; echo ${{COMPREPLY[@]}}",
            bash()
        );
        let output = std::process::Command::new("bash").arg("-c").arg(script).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "status sync");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}
