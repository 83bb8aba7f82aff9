//! The demo page: an app that signs in through the API, and what the server does with its requests.
//!
//! It uses only the API and [`Demo`], which holds codes. The routes exist only if the service has a
//! `Demo`, and answer only requests that name a loopback host. A page of another site therefore
//! cannot read them through a name that resolves to this address.
//!
//! [`Demo`]: crate::demo::Demo

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::http::uri::Authority;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use oob_mfa::{Limit, Subject};
use serde::Serialize;

use crate::config::Config;
use crate::demo::Seen;
use crate::service::Service;

const FILES: [(&str, &str, &str); 6] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("page/index.html"),
    ),
    (
        "/demo/style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    (
        "/demo/icon.svg",
        "image/svg+xml",
        include_str!("page/icon.svg"),
    ),
    (
        "/demo/app.js",
        "text/javascript; charset=utf-8",
        include_str!("page/app.js"),
    ),
    (
        "/demo/wire.js",
        "text/javascript; charset=utf-8",
        include_str!("page/wire.js"),
    ),
    (
        "/demo/view.js",
        "text/javascript; charset=utf-8",
        include_str!("page/view.js"),
    ),
];

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The page and its data; nothing outside the demo.
pub(crate) fn routes(service: &Service) -> Router<Arc<Service>> {
    let routes = Router::new();
    if service.demo.is_none() {
        return routes;
    }
    let routes = FILES
        .into_iter()
        .fold(routes, |routes, (path, kind, text)| {
            let file = move || async move { (HEADERS, [(header::CONTENT_TYPE, kind)], text) };
            routes.route(path, get(file))
        });
    routes
        .route("/demo/live", get(live))
        .route_layer(from_fn(only_loopback))
}

async fn only_loopback(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    if host.is_some_and(|host| is_loopback(host.host())) {
        return next.run(request).await;
    }
    let told = "The demo page answers only requests to localhost and loopback addresses.\n";
    (StatusCode::MISDIRECTED_REQUEST, told).into_response()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[derive(Serialize)]
struct Live<'a> {
    budgets: [Budget; 3],
    #[serde(flatten)]
    seen: &'a Seen,
}

#[derive(Serialize)]
struct Budget {
    limit: Limit,
    left: u32,
    burst: u32,
    refill_seconds: u64,
}

async fn live(State(service): State<Arc<Service>>) -> Result<Response, StatusCode> {
    let demo = service.demo.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let subject: Subject = Config::DEMONSTRATION_SUBJECT
        .parse()
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let account = service.account(&subject).await;
    let account = account.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let now = service.now();
    let budgets = Limit::ALL.map(|limit| {
        let rate = service.engine.policy().rate(limit);
        Budget {
            limit,
            left: service.engine.remaining(&account, limit, now),
            burst: rate.burst(),
            refill_seconds: rate.period().as_secs(),
        }
    });
    let seen = demo.seen();
    let live = serde_json::to_vec(&Live {
        budgets,
        seen: &seen,
    });
    let live = live.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((HEADERS, kind, live).into_response())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_that_mean_this_machine_everywhere_are_loopback() {
        for own in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "",
            "example.com",
            "localhost.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "127.1",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
