//! Counts and durations of requests, by route and method, in the text format of Prometheus.
//!
//! Invariant: labels are route templates, methods and statuses, of which there are few. No id and
//! no name is ever a label.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;

/// Upper bounds of the duration buckets in microseconds, and as shown in seconds (OpenTelemetry
/// HTTP metrics, `http.server.request.duration`).
const BOUNDS: [(u64, &str); 14] = [
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (75_000, "0.075"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (750_000, "0.75"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (7_500_000, "7.5"),
    (10_000_000, "10"),
];

/// The methods that have figures of their own, and the word for all others.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "_OTHER"];

/// One more than the largest status.
const STATUSES: usize = 600;

/// All figures about requests since the start.
#[derive(Debug, Default)]
pub struct Figures {
    routes: RwLock<HashMap<String, Arc<Route>>>,
}

/// The figures of one route, by method.
#[derive(Debug, Default)]
struct Route {
    methods: [std::sync::OnceLock<Series>; METHODS.len()],
}

#[derive(Debug)]
struct Series {
    statuses: Vec<AtomicU64>,
    /// One per bound, and one for what took longer.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

impl Series {
    fn new() -> Series {
        Series {
            statuses: std::iter::repeat_with(AtomicU64::default).take(STATUSES).collect(),
            buckets: Default::default(),
            sum_us: AtomicU64::default(),
        }
    }
}

impl Figures {
    /// Counts one request.
    pub fn count(&self, method: &str, route: &str, status: StatusCode, took: Duration) {
        let route = self.route(route);
        let place = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let Some(series) = route.methods.get(place) else { return };
        let series = series.get_or_init(Series::new);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = series.statuses.get(usize::from(status.as_u16())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let bucket = BOUNDS.iter().position(|(bound_us, _)| took_us <= *bound_us);
        if let Some(count) = series.buckets.get(bucket.unwrap_or(BOUNDS.len())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        series.sum_us.fetch_add(took_us, Ordering::Relaxed);
    }

    fn route(&self, name: &str) -> Arc<Route> {
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(routes.entry(name.to_owned()).or_default())
        })
    }

    /// Writes all of them.
    pub fn render(&self, out: &mut String) -> std::fmt::Result {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let routes: BTreeMap<String, Arc<Route>> = routes.into_iter().collect();
        render_counts(&routes, out)?;
        out.push_str("# HELP http_server_request_duration_seconds Time to answer.\n");
        out.push_str("# TYPE http_server_request_duration_seconds histogram\n");
        for (name, route) in &routes {
            for (method, series) in METHODS.iter().zip(&route.methods) {
                if let Some(series) = series.get() {
                    render_duration(name, method, series, out)?;
                }
            }
        }
        Ok(())
    }
}

fn render_counts(routes: &BTreeMap<String, Arc<Route>>, out: &mut String) -> std::fmt::Result {
    let mut counts: BTreeMap<(&str, &str, usize), u64> = BTreeMap::new();
    for (name, route) in routes {
        for (method, series) in METHODS.iter().zip(&route.methods) {
            let statuses = series.get().map(|series| series.statuses.as_slice());
            for (status, count) in statuses.unwrap_or_default().iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    *counts.entry((surface(name), method, status)).or_default() += count;
                }
            }
        }
    }
    out.push_str("# HELP kassa_http_requests_total Requests answered.\n");
    out.push_str("# TYPE kassa_http_requests_total counter\n");
    for ((surface, method, status), count) in counts {
        writeln!(
            out,
            "kassa_http_requests_total{{surface=\"{surface}\",method=\"{method}\",\
             status=\"{status}\"}} {count}"
        )?;
    }
    Ok(())
}

fn render_duration(
    route: &str,
    method: &str,
    series: &Series,
    out: &mut String,
) -> std::fmt::Result {
    let labels = format!("http_request_method=\"{method}\",http_route=\"{}\"", escaped(route));
    let name = "http_server_request_duration_seconds";
    let mut total = 0_u64;
    let bounds = BOUNDS.iter().map(|(_, shown)| *shown).chain(["+Inf"]);
    for (bound, count) in bounds.zip(&series.buckets) {
        total = total.saturating_add(count.load(Ordering::Relaxed));
        writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {total}")?;
    }
    let sum_us = series.sum_us.load(Ordering::Relaxed);
    writeln!(out, "{name}_sum{{{labels}}} {}.{:06}", sum_us / 1_000_000, sum_us % 1_000_000)?;
    writeln!(out, "{name}_count{{{labels}}} {total}")
}

/// The contract that a route belongs to.
fn surface(route: &str) -> &'static str {
    match route.split('/').nth(1) {
        Some("ledger") => "card_ledger",
        Some("ms" | "oauth2") => "aapay",
        Some("operator") => "operator",
        Some("none") | None => "none",
        Some(_) => "service",
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let figures = Figures::default();
        let get = |status, took_ms| {
            let took = Duration::from_millis(took_ms);
            figures.count("GET", "/operator/v1/accounts/{account_no}", status, took);
        };
        get(StatusCode::OK, 5);
        get(StatusCode::OK, 6);
        get(StatusCode::NOT_FOUND, 20_000);
        figures.count("BREW", "none", StatusCode::NOT_FOUND, Duration::ZERO);
        let mut text = String::new();
        figures.render(&mut text).unwrap();
        for line in [
            r#"kassa_http_requests_total{surface="operator",method="GET",status="200"} 2"#,
            r#"kassa_http_requests_total{surface="operator",method="GET",status="404"} 1"#,
            r#"kassa_http_requests_total{surface="none",method="_OTHER",status="404"} 1"#,
            r#"le="0.005"} 1"#,
            r#"le="0.01"} 2"#,
            r#"le="10"} 2"#,
            r#"le="+Inf"} 3"#,
            "_sum{http_request_method=\"GET\",http_route=\"/operator/v1/accounts/{account_no}\"} \
             20.011000",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
