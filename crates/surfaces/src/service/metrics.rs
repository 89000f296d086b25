//! The page of figures. Everything on it is a count or a size; nothing tells who or how much.

use std::fmt::Write as _;

use engine::Figures as EngineFigures;

use super::StoreKind;
use crate::http::figures::Figures;

/// What there is to say of the store.
#[derive(Clone, Copy)]
pub(super) struct Store {
    pub(super) kind: StoreKind,
    pub(super) writers: usize,
    /// `None` where it cannot be told now.
    pub(super) bytes: Option<u64>,
}

/// Writes all figures.
pub(super) fn render(requests: &Figures, engine: EngineFigures, store: Store) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let written = write_all(requests, engine, store, &mut out);
    debug_assert!(written.is_ok(), "figures are written");
    out
}

fn write_all(
    requests: &Figures,
    engine: EngineFigures,
    store: Store,
    out: &mut String,
) -> std::fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "# HELP kassa_build_info What runs.")?;
    writeln!(out, "# TYPE kassa_build_info gauge")?;
    writeln!(out, "kassa_build_info{{version=\"{version}\"}} 1")?;
    writeln!(out, "# HELP kassa_store_info Which store it runs on.")?;
    writeln!(out, "# TYPE kassa_store_info gauge")?;
    writeln!(out, "kassa_store_info{{kind=\"{}\"}} 1", store.kind.as_str())?;
    let writers = u64::try_from(store.writers).unwrap_or(u64::MAX);
    let series = [
        ("kassa_engine_batches_total", "counter", "Batches committed.", engine.batches),
        ("kassa_engine_commands_total", "counter", "Commands answered.", engine.commands),
        ("kassa_engine_failures_total", "counter", "Batches that failed.", engine.failures),
        ("kassa_engine_queue_length", "gauge", "Commands waiting.", engine.waiting),
        ("kassa_store_writers", "gauge", "Writers of this program.", writers),
    ];
    let bytes = store
        .bytes
        .map(|bytes| ("kassa_store_bytes", "gauge", "Size of the whole store in bytes.", bytes));
    for (name, kind, help, value) in series.into_iter().chain(bytes) {
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}")?;
    }
    requests.render(out)
}
