//! How long to wait for a connection: some seconds for the rest of a head, longer for the next
//! request.
//!
//! hyper has one limit for both. Load balancers keep idle connections for about a minute and send
//! the next request over one of them. If the server closes it at that moment, that request is lost.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// What the server waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Head,
    /// Nothing: the server is responding. The body has its own limit.
    Nothing,
    NextRequest,
}

/// What is awaited.
#[derive(Clone)]
pub(super) struct Phase(Arc<Mutex<Awaited>>);

impl Phase {
    pub(super) fn begin(&self) {
        self.set(Awaited::Nothing);
    }

    pub(super) fn answered(&self) {
        self.set(Awaited::NextRequest);
    }

    fn set(&self, awaited: Awaited) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = awaited;
    }

    fn get(&self) -> Awaited {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that ends when its client takes too long.
pub(super) struct Patient<S> {
    stream: S,
    phase: Phase,
    head: Duration,
    keep_alive: Duration,
    /// What the deadline applies to.
    awaited: Awaited,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// A new connection, which has not sent the head of its first request.
    pub(super) fn new(stream: S, head: Duration, keep_alive: Duration) -> (Self, Phase) {
        let phase = Phase(Arc::new(Mutex::new(Awaited::Head)));
        let patient = Self {
            stream,
            phase: phase.clone(),
            head,
            keep_alive,
            awaited: Awaited::Head,
            deadline: Box::pin(sleep(head)),
        };
        (patient, phase)
    }

    fn wait_for(&mut self, awaited: Awaited) {
        if self.awaited == awaited {
            return;
        }
        self.awaited = awaited;
        let time = match awaited {
            Awaited::Head => self.head,
            Awaited::NextRequest => self.keep_alive,
            Awaited::Nothing => return,
        };
        self.deadline.as_mut().reset(Instant::now() + time);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let awaited = self.phase.get();
        self.wait_for(awaited);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match (read, awaited) {
            (Poll::Pending, Awaited::Head | Awaited::NextRequest) => {
                ready!(self.deadline.as_mut().poll(context));
                Poll::Ready(match awaited {
                    // As if the client had closed it between two requests.
                    Awaited::NextRequest => Ok(()),
                    _ => Err(io::ErrorKind::TimedOut.into()),
                })
            }
            (Poll::Ready(Ok(())), Awaited::NextRequest) if buffer.filled().len() > before => {
                self.phase.set(Awaited::Head);
                self.wait_for(Awaited::Head);
                Poll::Ready(Ok(()))
            }
            (read, _) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // hyper may have read before the response was ready, and does not read again until it is
        // woken.
        let awaited = self.phase.get();
        self.wait_for(awaited);
        if awaited == Awaited::NextRequest {
            let _ = self.deadline.as_mut().poll(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
