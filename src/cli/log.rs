//! The log: one line an event, text or JSON, to standard error.

use tracing_subscriber::EnvFilter;

use crate::config::settings::Log;

/// Begins to log. `RUST_LOG` says more exactly what is wanted, for those who look for a fault.
pub fn begin(log: Log) {
    // What the libraries below say in their own words is of interest from warnings on.
    let usual =
        format!("warn,kalends={level},aggregator={level},booking={level},store={level}", level = log.level);
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second one in the same process is a test's; the first stays.
    let begun = if log.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).with_target(false).try_init()
    };
    drop(begun);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.payload().downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(place, text, "an internal fault");
    }));
}
