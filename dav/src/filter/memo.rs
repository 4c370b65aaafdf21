//! What matching one object has found out already: a filter asks for each of its components, and an object may have as
//! many as it has octets for.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use calendar::recur::{self, Instance};
use calendar::time::Span;

use crate::filter::Subject;
use crate::filter::time::recurs;

/// Instances by the component that describes them.
pub(super) type ByComponent = HashMap<usize, Vec<Instance>>;

/// Windows that are remembered: those of one time range, and some of alarms.
const WINDOWS_MAX: usize = 16;

/// What is known of the instances of one object.
#[derive(Default)]
pub(super) struct Memo {
    alone: OnceCell<Option<Rc<ByComponent>>>,
    reach: OnceCell<Option<Span>>,
    windows: RefCell<Vec<(Span, Option<Rc<ByComponent>>)>>,
}

impl Memo {
    /// The instances of components that stand for one each, wherever they are; `None` where there are too many.
    pub(super) fn alone(&self, subject: Subject<'_>) -> Option<Rc<ByComponent>> {
        let found = self.alone.get_or_init(|| {
            let Subject { object, zone, limits } = subject;
            let instances = if object.master().is_some_and(recurs) {
                recur::overridden(object, zone)
            } else {
                recur::instances(object, zone, Span::ALWAYS, limits).ok()?
            };
            Some(Rc::new(grouped(instances)))
        });
        found.clone()
    }

    /// A span outside which the object has no instance.
    pub(super) fn reach(&self, subject: Subject<'_>) -> Option<Span> {
        let Subject { object, zone, limits } = subject;
        *self.reach.get_or_init(|| recur::reach(object, zone, limits))
    }

    /// The instances in a window; `None` where there are too many.
    pub(super) fn within(&self, subject: Subject<'_>, window: Span) -> Option<Rc<ByComponent>> {
        let known = self.windows.borrow().iter().find(|(known, _)| *known == window).cloned();
        if let Some((_, found)) = known {
            return found;
        }
        let Subject { object, zone, limits } = subject;
        let found = recur::instances(object, zone, window, limits).ok();
        let found = found.map(|instances| Rc::new(grouped(instances)));
        let mut windows = self.windows.borrow_mut();
        if windows.len() < WINDOWS_MAX {
            windows.push((window, found.clone()));
        }
        found
    }
}

fn grouped(instances: Vec<Instance>) -> ByComponent {
    let mut grouped = ByComponent::new();
    for instance in instances {
        grouped.entry(instance.component).or_default().push(instance);
    }
    grouped
}
