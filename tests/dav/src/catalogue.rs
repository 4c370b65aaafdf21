//! What the standards define, name by name, so that what is missing here is known and has a reason.

use dav::xml::Name;

pub mod conditions;
pub mod examples;
pub mod extent;
pub mod properties;

/// Something that a standard defines by an element.
pub struct Defined {
    /// Its element.
    pub name: Name<'static>,
    /// Where it is defined.
    pub standard: &'static str,
    /// How it stands here.
    pub standing: Standing,
}

/// How it stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is here.
    Told,
    /// It belongs to a part that is being built.
    Awaited,
    /// It cannot be here; why.
    Never(&'static str),
}

const fn told(name: Name<'static>, standard: &'static str) -> Defined {
    Defined { name, standard, standing: Standing::Told }
}

const fn never(name: Name<'static>, standard: &'static str, why: &'static str) -> Defined {
    Defined { name, standard, standing: Standing::Never(why) }
}

/// Where the list of what is defined disagrees with what is `declared` here.
pub fn disagreements(defined: &[Defined], declared: &[Name<'_>]) -> Vec<String> {
    let mut problems = Vec::new();
    for row in defined {
        match (declared.contains(&row.name), row.standing) {
            (true, Standing::Never(_)) => {
                problems.push(format!("{:?} is here although it cannot be", row.name));
            }
            (false, Standing::Told) => {
                problems.push(format!("{:?} ({}) is not here", row.name, row.standard));
            }
            _ => {}
        }
    }
    for name in declared {
        if declared.iter().filter(|other| *other == name).count() > 1 {
            problems.push(format!("{name:?} is declared twice"));
        }
    }
    problems
}
