//! A request as the endpoints ask for it.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, header};
use oob_mfa::wire::{BadRequest, Body, Format, check_encoding, without_bom};

use super::Peer;
use crate::peers::Network;
use crate::service::Service;

/// The `Authorization` header.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    text(headers, header::AUTHORIZATION)
}

/// A header. One that is not text is there, and says nothing that anybody knows.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or_default())
}

/// Where a request comes from, past the proxies that are trusted.
pub(super) fn client_network(service: &Service, peer: Peer, headers: &HeaderMap) -> Network {
    let forwarded = headers.get_all("x-forwarded-for").iter();
    let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
    let proxies = &service.connections.trusted_proxies;
    Network::of(proxies.client(peer.0, forwarded))
}

/// The parameters of a body, by its content type. One that is encoded is not read, whatever it parses as.
pub(super) fn parameters(
    headers: &HeaderMap,
    body: &Bytes,
    default: Format,
) -> Result<Body, BadRequest> {
    for encoding in headers.get_all(header::CONTENT_ENCODING) {
        // One that is no text is none that anybody reads.
        check_encoding(Some(encoding.to_str().unwrap_or("?")))?;
    }
    let format = Format::of(text(headers, header::CONTENT_TYPE), default)?;
    // A form would read other bytes as U+FFFD.
    let text = std::str::from_utf8(without_bom(body)).map_err(|_| BadRequest::MalformedBody)?;
    match format {
        Format::Json => serde_json::from_str(text).ok(),
        Format::Form => serde_urlencoded::from_str(text).ok(),
    }
    .ok_or(BadRequest::MalformedBody)
}
