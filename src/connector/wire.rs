//! The one way to a server: a socket that we open ourselves, so that whatever is said on it can be kept.
//!
//! The driver writes to a [`Tap`], inside of TLS where there is some: nothing that is sent goes by another way.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, UnixStream};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::log::Log;
use super::tap::Tap;

/// Where a server listens.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A port, and the name by which its certificate is checked.
    Tcp(IpAddr, u16, String),
    /// A Unix socket.
    Socket(PathBuf),
}

/// A way to a server.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) place: Place,
    /// The TLS to use; `None` is plain.
    pub(super) tls: Option<MakeRustlsConnect>,
    /// Role, server and database, to print.
    pub(super) target: String,
    pub(super) log: Log,
}

/// What is both read and written.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// A socket, or why there is none.
struct Socket(Result<Box<dyn Stream>, Option<io::Error>>);

impl Wire {
    /// Goes there. The connection lives until the client is dropped.
    pub(super) async fn open(&self, config: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        let socket = self.socket().await;
        let line = self.log.session(&self.target);
        match &self.tls {
            None => {
                let (client, connection) = config.connect_raw(Tap::new(socket, line), NoTls).await?;
                Ok((client, tokio::spawn(async move { drop(connection.await) })))
            }
            Some(tls) => {
                let name = if let Place::Tcp(_, _, name) = &self.place { name.as_str() } else { "" };
                let mut tls = tls.clone();
                let inner = MakeTlsConnect::<Socket>::make_tls_connect(&mut tls, name);
                let tls = Tapped { inner: inner.unwrap_or_else(|never| match never {}), line };
                let (client, connection) = config.connect_raw(socket, tls).await?;
                Ok((client, tokio::spawn(async move { drop(connection.await) })))
            }
        }
    }

    /// The socket; one that cannot be had fails when it is used, because only the driver can make its errors.
    async fn socket(&self) -> Socket {
        let opened = match &self.place {
            Place::Tcp(address, port, _) => tcp(SocketAddr::new(*address, *port)).await,
            Place::Socket(path) => UnixStream::connect(path).await.map(|stream| Box::new(stream) as Box<dyn Stream>),
        };
        Socket(opened.map_err(Some))
    }
}

async fn tcp(address: SocketAddr) -> io::Result<Box<dyn Stream>> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_keepalive(true)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

impl deadpool_postgres::Connect for Wire {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(async move { self.open(&config).await })
    }
}

/// TLS with a tap inside.
struct Tapped<T> {
    inner: T,
    line: Option<super::log::Line>,
}

impl<T: TlsConnect<Socket>> TlsConnect<Socket> for Tapped<T>
where
    T::Future: Send + 'static,
    T::Error: 'static,
{
    type Stream = Tap<T::Stream>;
    type Error = T::Error;
    type Future = BoxFuture<'static, Result<Self::Stream, T::Error>>;

    fn connect(self, stream: Socket) -> Self::Future {
        let (inner, line) = (self.inner.connect(stream), self.line);
        Box::pin(async move { Ok(Tap::new(inner.await?, line)) })
    }
}

impl Socket {
    fn stream(&mut self) -> io::Result<Pin<&mut dyn Stream>> {
        match &mut self.0 {
            Ok(stream) => Ok(Pin::new(stream.as_mut())),
            Err(error) => Err(error.take().unwrap_or_else(|| io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.stream() {
            Ok(stream) => stream.poll_read(cx, buffer),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.stream() {
            Ok(stream) => stream.poll_write(cx, bytes),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream() {
            Ok(stream) => stream.poll_flush(cx),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream() {
            Ok(stream) => stream.poll_shutdown(cx),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}
