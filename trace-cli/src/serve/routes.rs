//! Which path is answered by what. Whatever takes more than a few lines is done by [`Dashboard`].

use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tower_http::compression::{CompressionLayer, CompressionLevel};

use super::answer::{Answer, conditional, unpacked};
use super::guard::{Guard, protect};
use super::live::{self, Wanted};
use super::metrics::{Metrics, count};
use super::page;
use super::problem::Problem;
use super::query::{Asked, Named, Told};
use super::views::{Changes, Dashboard, Eras, Look, Many, Span, Targets, Traces, Two};

/// Where a token is shown.
pub(super) const LOGIN: &str = "/login";
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes that a request may bring along.
const BODY: usize = 8 << 10;

type Desk = State<Arc<Dashboard>>;
type Reply = Result<Answer, Problem>;

/// All routes, behind the guard.
pub(super) fn all(dashboard: Arc<Dashboard>, guard: Arc<Guard>, metrics: Arc<Metrics>) -> Router {
    let api = Router::new()
        .route("/status", get(status))
        .route("/targets", get(targets))
        .route("/targets/{key}", get(target))
        .route("/targets/{key}/eras", get(eras))
        .route("/targets/{key}/series", get(series))
        .route("/targets/{key}/changes", get(target_changes))
        .route("/targets/{key}/scene", get(target_scene))
        .route("/changes", get(changes))
        .route("/diff", get(diff))
        .route("/traces", get(traces))
        .route("/traces/{id}", get(document))
        .route("/traces/{id}/scene", get(scene))
        .route("/traces/{id}/budget", get(budget))
        .route("/traces/{id}/{file}", get(download))
        .route("/map", get(map))
        .route("/live", get(runs).post(start))
        .route("/live/{id}/events", get(events))
        .route("/live/{id}/cancel", post(cancel))
        .route("/openapi.json", get(openapi))
        .with_state(Arc::clone(&dashboard));
    let numbers = Router::new().route("/metrics", get(numbers)).with_state((dashboard, Arc::clone(&metrics)));
    let login = Router::new().route(LOGIN, get(enter).post(log_in)).with_state(Arc::clone(&guard));
    let page = ["/", "/target/{key}", "/trace/{id}", "/diff", "/live"]
        .into_iter()
        .fold(Router::new().route("/assets/{name}", get(asset)), |page, path| page.route(path, get(index)));
    Router::new()
        .nest("/api/v1", api)
        .merge(login)
        .merge(numbers)
        .merge(page)
        .route("/healthz", get(async || "ok\n"))
        .fallback(nowhere)
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this is only to be read")
        })
        .layer(middleware::from_fn(conditional))
        .layer(middleware::from_fn(unpacked))
        .layer(CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(guard, protect))
        .layer(middleware::from_fn_with_state(metrics, count))
}

/// An answer that takes too long is none.
async fn in_time(request: Request, next: Next) -> Response {
    let late = |_| Problem::busy("there was no answer within 10 s; ask again in a moment").into_response();
    tokio::time::timeout(LIMIT, next.run(request)).await.unwrap_or_else(late)
}

async fn status(State(desk): Desk) -> Reply {
    desk.answer(Dashboard::status).await
}

async fn targets(State(desk): Desk, Asked(asked): Asked<Targets>) -> Reply {
    desk.answer(move |desk| desk.targets(&asked)).await
}

async fn target(State(desk): Desk, Named(key): Named) -> Reply {
    desk.answer(move |desk| desk.target(&key)).await
}

async fn eras(State(desk): Desk, Named(key): Named, Asked(span): Asked<Span>) -> Reply {
    desk.answer(move |desk| desk.eras(&key, &span)).await
}

async fn series(State(desk): Desk, Named(key): Named, Asked(span): Asked<Span>) -> Reply {
    desk.answer(move |desk| desk.series(&key, &span)).await
}

async fn target_scene(State(desk): Desk, Named(key): Named, Asked(asked): Asked<Eras>) -> Reply {
    desk.answer(move |desk| desk.target_scene(&key, &asked)).await
}

async fn target_changes(State(desk): Desk, Named(key): Named, Asked(asked): Asked<Changes>) -> Reply {
    desk.answer(move |desk| desk.target_changes(&key, &asked)).await
}

async fn changes(State(desk): Desk, Asked(asked): Asked<Changes>) -> Reply {
    desk.answer(move |desk| desk.changes(&asked)).await
}

async fn diff(State(desk): Desk, Asked(asked): Asked<Two>) -> Reply {
    desk.answer(move |desk| desk.diff(&asked)).await
}

async fn traces(State(desk): Desk, Asked(asked): Asked<Traces>) -> Reply {
    desk.answer(move |desk| desk.traces(&asked)).await
}

async fn document(State(desk): Desk, Named(id): Named) -> Reply {
    desk.answer(move |desk| desk.document(&id)).await
}

async fn scene(State(desk): Desk, Named(id): Named) -> Reply {
    desk.answer(move |desk| desk.scene(&id)).await
}

async fn budget(State(desk): Desk, Named(id): Named) -> Reply {
    desk.answer(move |desk| desk.budget(&id)).await
}

async fn download(
    State(desk): Desk,
    axum::extract::Path((id, file)): axum::extract::Path<(String, String)>,
    Asked(look): Asked<Look>,
) -> Reply {
    desk.answer(move |desk| desk.download(&id, &file, &look)).await
}

async fn map(State(desk): Desk, Asked(asked): Asked<Many>) -> Reply {
    desk.answer(move |desk| desk.map(&asked)).await
}

async fn runs(State(desk): Desk) -> Reply {
    desk.answer(Dashboard::runs).await
}

async fn start(State(desk): Desk, Told(wanted): Told<Wanted>) -> Result<Response, Problem> {
    let started = desk.answer(move |desk| desk.start(&wanted)).await?;
    Ok((StatusCode::ACCEPTED, started).into_response())
}

async fn events(State(desk): Desk, Named(id): Named, headers: HeaderMap) -> Result<Response, Problem> {
    Ok(live::stream(desk.live()?.find(&id)?, &headers))
}

async fn cancel(State(desk): Desk, Named(id): Named) -> Result<StatusCode, Problem> {
    desk.live()?.find(&id)?.cancel();
    Ok(StatusCode::ACCEPTED)
}

async fn openapi() -> Answer {
    Answer::new("application/json", include_str!("openapi.json"))
}

async fn numbers(State((desk, metrics)): State<(Arc<Dashboard>, Arc<Metrics>)>) -> Reply {
    desk.answer(move |desk| Ok(desk.numbers(&metrics))).await
}

async fn index(headers: HeaderMap) -> Response {
    page::index(&headers)
}

/// Who asks with a browser for what is not there is told so by the page, which leads back.
async fn nowhere(uri: Uri, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    if uri.path().starts_with("/api/") || !accepts.contains("text/html") {
        return Problem::missing("nothing is here").into_response();
    }
    let mut response = page::index(&headers);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

async fn asset(uri: Uri, headers: HeaderMap) -> Response {
    page::asset(uri.path(), &headers)
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// A link with the token logs in and leads to the page, so that the token does not stay in the address.
async fn enter(State(guard): State<Arc<Guard>>, Asked(login): Asked<Login>) -> Result<Response, Problem> {
    let cookie = guard.admit(&login.token)?;
    Ok(with_cookie(Redirect::to("/").into_response(), cookie))
}

async fn log_in(State(guard): State<Arc<Guard>>, Told(login): Told<Login>) -> Result<Response, Problem> {
    let cookie = guard.admit(&login.token)?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), cookie))
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
