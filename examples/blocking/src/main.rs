//! The API on threads, without async: `cargo run -p oob-mfa-blocking [ADDRESS]`.
//!
//! A thread per connection, so a request is carried out to its end whether its client waits or not.
//!
//! A proxy has to stand in front of it. For the head of a request only silence has a deadline here: a
//! client that sends a byte of it now and then keeps its connection, and 256 of them keep everybody else
//! out.
//!
//! oxhttp takes `Accept-Encoding` for a header of requests and leaves it out of the answer to an encoded body.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use oob_mfa::wire::{Answer, BadRequest, ErrorAnswer, MAX_BODY};
use oob_mfa_demo::{Request, Service};
use oxhttp::Server;
use oxhttp::model::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE};
use oxhttp::model::{Body, HeaderName, HeaderValue, Request as Http, Response, StatusCode};

/// How long a client may keep silent, in the middle of a request too.
const SILENCE: Duration = Duration::from_secs(10);
/// How long all of a body may take.
const SLOWEST_BODY: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let address = oob_mfa_demo::address()?;
    let service = Service::new(address)?;
    let server = Server::new(move |request| respond(&answer(&service, request)))
        .bind(address)
        .with_global_timeout(SILENCE)
        .with_max_concurrent_connections(MOST_CONNECTIONS)
        .spawn()?;
    println!("listening on http://{address}");
    Ok(server.join()?)
}

fn answer(service: &Service, http: &mut Http<Body>) -> Answer {
    match read(http) {
        Ok(body) => service.answer(&Request {
            method: http.method().as_str(),
            path: http.uri().path(),
            authorization: text(http, AUTHORIZATION),
            content_type: text(http, CONTENT_TYPE),
            content_encoding: &encodings(http),
            body: &body,
        }),
        Err(error) => error.into(),
    }
}

/// The body. One that is too large is read to its end, so that its client hears the answer.
fn read(http: &mut Http<Body>) -> Result<Vec<u8>, ErrorAnswer> {
    let (mut body, mut piece, begun) = (Vec::new(), [0; 4096], Instant::now());
    while begun.elapsed() < SLOWEST_BODY {
        match http.body_mut().read(&mut piece) {
            Ok(0) if body.len() > MAX_BODY => return Err(BadRequest::BodyTooLarge.into()),
            Ok(0) => return Ok(body),
            Ok(_) if body.len() > MAX_BODY => {}
            Ok(length) => body.extend_from_slice(&piece[..length]),
            // Half a body is none: the client has gone.
            Err(_) => return Err(BadRequest::MalformedBody.into()),
        }
    }
    // oxhttp would read on, to an end that may never come.
    *http.body_mut() = Body::empty();
    http.headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    Err(ErrorAnswer::new(
        408,
        "request_timeout",
        "The request took too long to arrive.",
    ))
}

fn text(http: &Http<Body>, name: HeaderName) -> Option<&str> {
    let value = http.headers().get(name)?;
    Some(value.to_str().unwrap_or_default())
}

/// Every `Content-Encoding`, joined as a list.
fn encodings(http: &Http<Body>) -> String {
    let values = http.headers().get_all(CONTENT_ENCODING).iter();
    let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or("?")).collect();
    values.join(",")
}

fn respond(answer: &Answer) -> Response<Body> {
    // Answers are texts, numbers and lists of them: nothing that JSON cannot say.
    let body = answer.body().map(serde_json::to_vec);
    let body = body.and_then(Result::ok).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers() {
        if let Ok(value) = HeaderValue::try_from(&*value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
