//! The API on threads, without async: `cargo run -p oob-mfa-blocking [ADDRESS]`.
//!
//! It uses a thread per connection: a request runs to its end even if its client hangs up.
//!
//! Put a proxy in front of it. The head of a request has a deadline only for silence: a client that
//! sends a byte from time to time keeps its connection, and 256 such clients keep everyone else
//! out.
//!
//! oxhttp allows `Accept-Encoding` only in requests and omits it from the response to an encoded
//! body.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use oob_mfa::exchange::{Reply, Request};
use oob_mfa::wire::{BadRequest, ErrorAnswer, MAX_BODY};
use oob_mfa_demo::Service;
use oxhttp::Server;
use oxhttp::model::header::CONNECTION;
use oxhttp::model::{Body, HeaderValue, Request as Http, Response};

/// How long a client may be silent, also in the middle of a request.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a whole body may take.
const SLOWEST_BODY: Duration = Duration::from_secs(5);
const MOST_CONNECTIONS: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let address = oob_mfa_demo::address()?;
    let service = Service::new(address)?;
    let server =
        Server::new(move |request| Response::from(answer(&service, request)).map(Body::from))
            .bind(address)
            .with_global_timeout(SILENCE)
            .with_max_concurrent_connections(MOST_CONNECTIONS)
            .spawn()?;
    println!("listening on http://{address}");
    Ok(server.join()?)
}

fn answer(service: &Service, http: &mut Http<Body>) -> Reply {
    let body = match read(http) {
        Ok(body) => body,
        Err(error) => return error.into(),
    };
    let headers = Request::headers_of(http.headers());
    service.respond(&Request {
        method: http.method().as_str(),
        target: http.uri().path(),
        headers: &headers,
        body: &body,
    })
}

/// The needed part of the body. A body that is too large is read to its end: otherwise its client
/// gets a reset instead of the response.
fn read(http: &mut Http<Body>) -> Result<Vec<u8>, ErrorAnswer> {
    let (mut body, mut piece, begun) = (Vec::new(), [0; 4096], Instant::now());
    while begun.elapsed() < SLOWEST_BODY {
        match http.body_mut().read(&mut piece) {
            Ok(0) => return Ok(body),
            Ok(_) if body.len() > MAX_BODY => {}
            Ok(length) => body.extend_from_slice(&piece[..length]),
            // The body is incomplete: the client is gone.
            Err(_) => return Err(BadRequest::MalformedBody.into()),
        }
    }
    // Otherwise oxhttp reads on, and the body may never end.
    *http.body_mut() = Body::empty();
    http.headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    Err(ErrorAnswer::new(
        408,
        "request_timeout",
        "The request took too long to arrive.",
    ))
}
