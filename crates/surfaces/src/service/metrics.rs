//! The page of figures. Everything on it is a count or a size; nothing tells who or how much.

use std::fmt::Write as _;

use engine::Figures as EngineFigures;

use crate::http::figures::Figures;

/// Writes all figures.
pub(super) fn render(
    requests: &Figures,
    engine: EngineFigures,
    store_bytes: Option<u64>,
) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let written = write_all(requests, engine, store_bytes, &mut out);
    debug_assert!(written.is_ok(), "figures are written");
    out
}

fn write_all(
    requests: &Figures,
    engine: EngineFigures,
    store_bytes: Option<u64>,
    out: &mut String,
) -> std::fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "# HELP kassa_build_info What runs.")?;
    writeln!(out, "# TYPE kassa_build_info gauge")?;
    writeln!(out, "kassa_build_info{{version=\"{version}\"}} 1")?;
    let series = [
        ("kassa_engine_batches_total", "counter", "Batches committed.", engine.batches),
        ("kassa_engine_commands_total", "counter", "Commands answered.", engine.commands),
        ("kassa_engine_failures_total", "counter", "Batches that failed.", engine.failures),
        ("kassa_engine_queue_length", "gauge", "Commands waiting.", engine.waiting),
    ];
    let store = store_bytes
        .map(|bytes| ("kassa_store_bytes", "gauge", "Size of the store's files in bytes.", bytes));
    for (name, kind, help, value) in series.into_iter().chain(store) {
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}")?;
    }
    requests.render(out)
}
