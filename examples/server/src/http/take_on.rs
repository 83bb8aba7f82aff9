//! Reads a request completely, then executes it in its own task.
//!
//! The task does not end with the connection: if a client hangs up, decisions are still saved and
//! messages still sent. A panic ends the task, not the process, and gets a response.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use oob_mfa::wire::{BadRequest, ErrorAnswer, MAX_BODY};

use super::answer::Failure;
use crate::service::Service;

/// How many more bytes are read and discarded: a client that is still writing then gets the
/// response instead of a reset.
const MOST_DISCARDED: usize = 4 * 1024 * 1024;
/// `Retry-After` while the server stops.
const RESTART: Duration = Duration::from_secs(1);
const SLOWEST_BODY: Duration = Duration::from_secs(10);

pub(crate) async fn take_on(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(SLOWEST_BODY, read(body)).await;
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(bad)) => return Failure::from(bad).into_response(),
        Err(_) => {
            return Failure::of(
                408,
                "request_timeout",
                "The request took too long to arrive.",
            )
            .into_response();
        }
    };
    if service.tasks.is_closed() {
        // No client waits for the response.
        return Failure::from(ErrorAnswer::temporarily_unavailable(RESTART)).into_response();
    }
    let request = Request::from_parts(parts, Body::from(body));
    service
        .tasks
        .spawn(next.run(request))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a request failed");
            Failure::from(ErrorAnswer::server_error()).into_response()
        })
}

async fn read(mut body: Body) -> Result<Bytes, BadRequest> {
    let mut read = Vec::new();
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        // The body is incomplete: the client is gone.
        let Ok(data) = frame.map_err(|_| BadRequest::MalformedBody)?.into_data() else {
            continue;
        };
        if discarded == 0 && read.len() + data.len() <= MAX_BODY {
            read.extend_from_slice(&data);
        } else {
            discarded += data.len();
            if discarded > MOST_DISCARDED {
                break;
            }
        }
    }
    if discarded > 0 {
        return Err(BadRequest::BodyTooLarge);
    }
    Ok(read.into())
}
