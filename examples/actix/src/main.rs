//! The API under actix-web: `cargo run -p oob-mfa-actix [ADDRESS [ORIGIN…]]`. Pages of these origins may call it.
//!
//! The service blocks if its store does, so it runs on a thread for blocking work. It runs to its end: if a
//! client hangs up, decisions are still saved and messages still sent. For an async store, use an async
//! driver, as in `examples/server`.
//!
//! actix-web gives a client 5 seconds for the first head of a connection. It accepts 25,600
//! connections per thread, more than the default limit of open files: limit them with a proxy in
//! front.
#![forbid(unsafe_code)]

use std::error::Error;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::StatusCode;
use actix_web::rt::{System, time::timeout};
use actix_web::web::{Bytes, Data, Payload, block, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use oob_mfa::exchange::{Reply, Request};
use oob_mfa::wire::{BadRequest, ErrorAnswer, MAX_BODY};
use oob_mfa_demo::Service;

const SLOWEST_BODY: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let address = oob_mfa_demo::address()?;
    let service = Data::new(Service::new(address)?);
    System::new().block_on(async move {
        let origins: Vec<String> = std::env::args().skip(2).collect();
        let app = move || {
            App::new()
                .wrap(cors(&origins))
                .app_data(service.clone())
                .default_service(to(api))
        };
        let server = HttpServer::new(app).bind(address)?.run();
        println!("listening on http://{address}");
        Ok(server.await?)
    })
}

/// CORS for pages of these origins.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "DELETE"])
        .allowed_headers(["Authorization", "Content-Type", "Auth0-Client"])
        .expose_headers(["Retry-After", "WWW-Authenticate"])
        .max_age(7_200);
    let allow = |cors: Cors, origin: &String| cors.allowed_origin(origin);
    origins.iter().fold(cors, allow)
}

/// Every endpoint: reads the request, passes it to the service, and writes the response.
async fn api(service: Data<Service>, head: HttpRequest, payload: Payload) -> HttpResponse {
    let reply = match read(payload).await {
        Ok(body) => answer(service, head, body).await,
        Err(error) => error.into(),
    };
    let status = StatusCode::from_u16(reply.status());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for header in reply.headers() {
        response.insert_header(header);
    }
    response.body(reply.body().to_vec())
}

async fn read(payload: Payload) -> Result<Bytes, ErrorAnswer> {
    match timeout(SLOWEST_BODY, payload.to_bytes_limited(MAX_BODY)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        // The body is incomplete: the client is gone.
        Ok(Ok(Err(_))) => Err(BadRequest::MalformedBody.into()),
        Ok(Err(_)) => Err(BadRequest::BodyTooLarge.into()),
        Err(_) => Err(ErrorAnswer::new(
            408,
            "request_timeout",
            "The request took too long to arrive.",
        )),
    }
}

async fn answer(service: Data<Service>, head: HttpRequest, body: Bytes) -> Reply {
    // Owned, for a thread that may outlive the connection.
    let (method, path) = (head.method().to_string(), head.path().to_owned());
    let headers = head.headers().clone();
    let answered = block(move || {
        let headers = headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        service.respond(&Request {
            method: &method,
            target: &path,
            headers: &headers,
            body: &body,
        })
    });
    // The service panicked.
    answered
        .await
        .unwrap_or_else(|_| ErrorAnswer::server_error().into())
}
