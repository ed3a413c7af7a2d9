//! The answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;

use super::feed::{Feed, Shown};
use super::status::{StatusJson, problems};

/// The page, which is whole in itself.
const PAGE: &str = include_str!("page.html");
/// What a browser may do for the page: run what is in it and ask this server.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Media type of Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every answer. `local`: it listens without TLS on an address of this machine.
pub(super) fn router(feed: Feed, local: bool) -> Router {
    let routes = Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .route("/ready", get(ready))
        .route("/round", get(round))
        .route("/status", get(status))
        .with_state(feed);
    if local { routes.layer(from_fn(local_names_only)) } else { routes }
}

/// Refuses requests for a name that is not of this machine: a page of another site may have made its own name one of
/// this address to read from here.
async fn local_names_only(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "expected the name or address of this machine in Host\n").into_response()
}

fn is_local(headers: &HeaderMap) -> bool {
    // A client of HTTP/1.0 gives none, and no browser is one.
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn last(feed: &Feed) -> Option<Arc<Shown>> {
    feed.borrow().clone()
}

/// An answer that no cache keeps.
fn fresh(kind: &'static str, body: Bytes) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, body).into_response()
}

fn no_round() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "there has been no round yet\n").into_response()
}

async fn metrics(State(feed): State<Feed>) -> Response {
    last(&feed).map_or_else(no_round, |shown| fresh(METRICS_TYPE, shown.metrics.clone()))
}

async fn round(State(feed): State<Feed>) -> Response {
    last(&feed).map_or_else(no_round, |shown| fresh("application/json", shown.json.clone()))
}

async fn status(State(feed): State<Feed>) -> Response {
    let shown = last(&feed);
    let status = StatusJson::new(shown.as_ref().map(|shown| &*shown.round), SystemTime::now());
    match serde_json::to_vec(&status) {
        Ok(body) => fresh("application/json", body.into()),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn ready(State(feed): State<Feed>) -> Response {
    let shown = last(&feed);
    let problems = problems(shown.as_ref().map(|shown| &*shown.round), SystemTime::now());
    if problems.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n").into_response()
}

async fn page() -> Response {
    let mut response = fresh("text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes()));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

async fn events(State(feed): State<Feed>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut feed = feed;
    // First the rounds that there have been, then each as it comes.
    let earlier = feed.borrow_and_update().as_ref().map(|shown| shown.history.clone()).unwrap_or_default();
    let rounds = unfold((feed, VecDeque::from(earlier)), |(mut feed, mut waiting)| async move {
        loop {
            if let Some(json) = waiting.pop_front() {
                let text = std::str::from_utf8(&json).ok()?;
                return Some((Ok(Event::default().data(text)), (feed, waiting)));
            }
            feed.changed().await.ok()?;
            waiting.extend(feed.borrow_and_update().as_ref().map(|shown| shown.json.clone()));
        }
    });
    Sse::new(rounds).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let with = |host: &'static str| HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        for host in ["localhost", "localhost:9770", "127.0.0.1:9770", "127.9.9.9", "[::1]:9770", "[::1]"] {
            assert!(is_local(&with(host)), "{host}");
        }
        for host in
            ["evil.example:9770", "localhost.evil.example", "10.0.0.1:9770", "", "127.0.0.1.evil", "[fe80::1]:1"]
        {
            assert!(!is_local(&with(host)), "{host}");
        }
        assert!(is_local(&HeaderMap::new()));
    }
}
