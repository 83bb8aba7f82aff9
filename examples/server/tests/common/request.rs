//! Requests in bytes, and the connections that they are sent over.

use std::io::{self, BufRead, BufReader, Error, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;

use super::{Answer, Challenged, MFA_OOB, MFA_RECOVERY_CODE, PASSWORD};

/// The timeout of a response; none takes that long.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// A request in bytes.
pub struct Request(Vec<u8>);

impl Request {
    pub fn health() -> Self {
        Self(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_vec())
    }

    pub fn login(email: &str) -> Self {
        Self::password(email, PASSWORD)
    }

    pub fn password(email: &str, password: &str) -> Self {
        let body = json!({
            "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
            "username": email, "password": password,
        });
        Self::post("/oauth/token", "", &body.to_string(), "application/json")
    }

    pub fn with_header(self, name: &str, value: &str) -> Self {
        let request = String::from_utf8(self.0).unwrap();
        let (first, rest) = request.split_once("\r\n").unwrap();
        Self(format!("{first}\r\n{name}: {value}\r\n{rest}").into_bytes())
    }

    pub fn associate(token: &str, phone: &str) -> Self {
        let body = json!({
            "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": phone,
        });
        let body = body.to_string();
        Self::post("/mfa/associate", token, &body, "application/json")
    }

    pub fn challenge(token: &str) -> Self {
        let body = json!({
            "client_id": "demo", "client_secret": "demo-secret", "mfa_token": token,
        });
        Self::post("/mfa/challenge", "", &body.to_string(), "application/json")
    }

    pub fn answer(token: &str, oob_code: &str, binding_code: &str) -> Self {
        Self::grant(&[
            ("grant_type", MFA_OOB),
            ("mfa_token", token),
            ("oob_code", oob_code),
            ("binding_code", binding_code),
        ])
    }

    pub fn recover(token: &str, recovery_code: &str) -> Self {
        Self::grant(&[
            ("grant_type", MFA_RECOVERY_CODE),
            ("mfa_token", token),
            ("recovery_code", recovery_code),
        ])
    }

    fn grant(fields: &[(&str, &str)]) -> Self {
        let client = [("client_id", "demo"), ("client_secret", "demo-secret")];
        let body = serde_urlencoded::to_string([&client, fields].concat()).unwrap();
        Self::post(
            "/oauth/token",
            "",
            &body,
            "application/x-www-form-urlencoded",
        )
    }

    fn post(path: &str, bearer: &str, body: &str, kind: &str) -> Self {
        let authorization = match bearer {
            "" => String::new(),
            token => format!("authorization: Bearer {token}\r\n"),
        };
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{authorization}content-type: {kind}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self(request.into_bytes())
    }
}

/// A persistent connection. No library's client: they do not report whether a failed request was
/// sent, and some send it again.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// An error means that nothing was sent.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?)
    }

    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONGEST_ANSWER))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// An accepted connection that has served a request.
    pub fn warm(address: SocketAddr) -> io::Result<Self> {
        let mut connection = Self::open(address)?;
        connection.send(&Request::health())?;
        Ok(connection)
    }

    /// An error means that it is unknown whether the request was executed.
    pub fn send(&mut self, request: &Request) -> io::Result<Answer> {
        self.0.get_mut().write_all(&request.0)?;
        self.answer()
    }

    /// Sends all of a request except its last byte: the server reads it and waits.
    pub fn begin(&mut self, request: &Request) -> io::Result<()> {
        let (_, most) = request.0.split_last().unwrap();
        self.0.get_mut().write_all(most)
    }

    /// Sends the last byte.
    pub fn finish(&mut self, request: &Request) -> io::Result<()> {
        let (last, _) = request.0.split_last().unwrap();
        self.0.get_mut().write_all(&[*last])
    }

    pub fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut answer = Answer {
            status: status.ok_or_else(|| Error::other("no status"))?,
            headers: Default::default(),
            body: String::new(),
            // The checks do not depend on it.
            challenged: Challenged::Nobody,
        };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            answer.headers.insert(name.to_owned(), value.to_owned());
        }
        let length = answer.header("content-length").map(str::parse);
        let length = length.unwrap_or(Ok(0)).map_err(Error::other)?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        answer.body = String::from_utf8(body).map_err(Error::other)?;
        Ok(answer)
    }

    /// What comes until the end of the connection.
    pub fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // It may end with a reset.
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        // The connection was closed during the response.
        if !line.ends_with("\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }
}
