//! A stream that hands everything on and reads along what is sent, for the [log](super::log).
//!
//! Queries, statements that are parsed, and rows for COPY are kept, whoever sent them, be it the pool that rolls back or a
//! transaction that is dropped. Passwords are messages of another kind, and are not looked at.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::log::Line;

/// A stream of the frontend's messages.
pub(super) struct Tap<S> {
    stream: S,
    reader: Option<Reader>,
}

impl<S> Tap<S> {
    /// `line` is where what is sent is kept, if it is.
    pub(super) fn new(stream: S, line: Option<Line>) -> Self {
        Self { stream, reader: line.map(|line| Reader { line, started: false, rest: Vec::new() }) }
    }
}

/// Reads messages from bytes as they come.
struct Reader {
    line: Line,
    /// Whether the first message, which has no type, is over.
    started: bool,
    /// The begin of a message that is not complete.
    rest: Vec<u8>,
}

impl Reader {
    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let mut rest = std::mem::take(&mut self.rest);
        let mut left = rest.as_slice();
        while let Some(end) = length(left, self.started).filter(|end| *end <= left.len()) {
            let (message, after) = left.split_at(end);
            match message.split_first() {
                Some((kind, more)) if self.started => self.message(*kind, more.get(4..).unwrap_or_default()),
                _ => self.started = true,
            }
            left = after;
        }
        let over = rest.len() - left.len();
        rest.drain(..over);
        self.rest = rest;
    }

    fn message(&self, kind: u8, body: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut parts = body.split(|byte| *byte == 0);
        match kind {
            b'Q' => self.line.statement(&text(parts.next().unwrap_or_default())),
            // The statement's name comes first.
            b'P' => self.line.statement(&text(parts.nth(1).unwrap_or_default())),
            b'd' => self.line.rows(&text(body)),
            b'c' => self.line.rows("\\.\n"),
            b'f' => self.line.rows("\\. -- given up\n"),
            _ => {}
        }
    }
}

/// How long the message is that bytes begin with, with its type.
fn length(bytes: &[u8], typed: bool) -> Option<usize> {
    let kind = usize::from(typed);
    let length = bytes.get(kind..kind + 4)?.try_into().ok().map(u32::from_be_bytes)?;
    Some(kind + usize::try_from(length).ok()?.max(4))
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let (Poll::Ready(Ok(count)), Some(reader)) = (&written, &mut self.reader) {
            reader.take(bytes.get(..*count).unwrap_or_default());
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Tap<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Log;
    use super::Reader;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    #[test]
    fn statements_and_rows_are_kept_and_passwords_are_not() {
        let start = [&12_u32.to_be_bytes()[..], b"\0\x03\0\0user"].concat();
        let sent = [
            start,
            message(b'p', b"hunter2\0"),
            message(b'Q', b"select 1\0"),
            message(b'P', b"name\0select $1\0\0\0"),
            message(b'B', b"\0\0"),
            message(b'Q', b"copy t from stdin;\0"),
            message(b'd', b"1\t2\n"),
            message(b'c', b""),
        ]
        .concat();
        // However the bytes are cut.
        for size in [1, 3, 1_000] {
            let log = Log::kept();
            let mut reader = Reader { line: log.session("me@here/db").unwrap(), started: false, rest: Vec::new() };
            sent.chunks(size).for_each(|chunk| reader.take(chunk));
            let text = "-- session 1: me@here/db\nselect 1;\nselect $1;\ncopy t from stdin;\n1\t2\n\\.\n";
            assert_eq!(log.text(), text);
        }
    }
}
