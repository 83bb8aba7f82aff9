//! Measures how long each request took, for `/metrics`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics::endpoint;
use crate::service::Service;

pub(super) async fn measure(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let (endpoint, begun) = (endpoint(request.uri().path()), Instant::now());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    service.metrics.answered(endpoint, status, begun.elapsed());
    response
}
