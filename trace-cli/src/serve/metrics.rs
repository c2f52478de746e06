//! What Prometheus reads. Labels have few values: routes as they are written here, never what somebody asked for.

use core::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the time to an answer, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

type Times = Family<Route, Histogram, fn() -> Histogram>;

/// Counts what is asked and answered.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter<u64, AtomicU64>>,
    times: Times,
    pub(super) connections: Gauge<i64, AtomicI64>,
    pub(super) store: StoreGauges,
}

/// What is known of the store and of traces under way.
#[derive(Debug, Default)]
pub(super) struct StoreGauges {
    pub(super) up: Gauge<i64, AtomicI64>,
    pub(super) traces: Gauge<i64, AtomicI64>,
    pub(super) targets: Gauge<i64, AtomicI64>,
    pub(super) running: Gauge<i64, AtomicI64>,
}

impl Metrics {
    pub(super) fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("trace");
        let requests = Family::default();
        let times: Times = Family::new_with_constructor(|| Histogram::new(BOUNDS));
        let connections = Gauge::default();
        let store = StoreGauges::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time until an answer began", times.clone());
        registry.register("http_connections", "Connections that are open", connections.clone());
        registry.register("store_up", "1 if the traces can be read", store.up.clone());
        registry.register("store_traces", "Traces that are kept", store.traces.clone());
        registry.register(
            "store_targets",
            "Targets: address, protocol and vantage point",
            store.targets.clone(),
        );
        registry.register("live_running", "Traces under way that the page started", store.running.clone());
        Arc::new(Self { registry, requests, times, connections, store })
    }

    /// All of it as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            // Writing to memory fails for no reason of its own.
            let _ = write!(text, "# {error}");
        }
        text
    }
}

/// Counts a request with its answer.
pub(super) async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = matched.unwrap_or_else(|| "other".to_owned());
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "other",
    };
    let path = tracing::enabled!(tracing::Level::DEBUG).then(|| request.uri().path().to_owned());
    let begun = now();
    let response = next.run(request).await;
    let took = begun.elapsed().as_secs_f64();
    metrics.times.get_or_create(&Route { route: route.clone() }).observe(took);
    // The query is left out: it may hold what nobody is to read.
    tracing::debug!(
        method,
        path = path.as_deref(),
        status = response.status().as_u16(),
        ms = took * 1e3,
        "asked"
    );
    let status = match response.status().as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    metrics.requests.get_or_create(&Labels { route, method, status }).inc();
    response
}

#[expect(clippy::disallowed_methods, reason = "how long an answer takes is measured")]
fn now() -> Instant {
    Instant::now()
}
