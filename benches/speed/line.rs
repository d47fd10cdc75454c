//! An HTTP client that costs next to nothing, so that the load does not take the processors from the server: one kept
//! connection, requests put together as text, of an answer only what is asked for.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A kept connection of somebody who has signed in.
pub struct Line {
    server: SocketAddr,
    stream: TcpStream,
    /// What every request begins with.
    headers: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// An answer: the status, and where the body is in the line's buffer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body).unwrap_or_else(|_| panic!("JSON: {}", String::from_utf8_lossy(self.body)))
    }
}

impl Line {
    pub async fn open(server: SocketAddr, token: Option<&str>) -> io::Result<Self> {
        let stream = connect(server).await?;
        let bearer = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
        let headers = format!("host: {server}\r\ncontent-type: application/json\r\naccept-language: en\r\n{bearer}");
        Ok(Self { server, stream, headers, request: Vec::new(), answer: Vec::new() })
    }

    /// Asks for answers to be compressed from now on.
    pub fn accept_encoding(&mut self, coding: &str) {
        self.headers += &format!("accept-encoding: {coding}\r\n");
    }

    pub async fn get(&mut self, path: &str) -> io::Result<Answer<'_>> {
        self.send("GET", path, "").await
    }

    pub async fn post(&mut self, path: &str, body: &str) -> io::Result<Answer<'_>> {
        self.send("POST", path, body).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer<'_>> {
        use std::io::Write;
        self.request.clear();
        let (headers, length) = (&self.headers, body.len());
        write!(self.request, "{method} {path} HTTP/1.1\r\n{headers}content-length: {length}\r\n\r\n{body}")?;
        if self.exchange().await.is_err() {
            // The server closed the connection because nobody used it for some seconds.
            self.stream = connect(self.server).await?;
            self.exchange().await?;
        }
        let head = find(&self.answer, b"\r\n\r\n").ok_or(io::ErrorKind::InvalidData)? + 4;
        let status = std::str::from_utf8(&self.answer[9..12]).ok().and_then(|status| status.parse().ok());
        Ok(Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, body: &self.answer[head..] })
    }

    /// Sends the request and reads until the answer is whole.
    async fn exchange(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let head = loop {
            self.read().await?;
            if let Some(end) = find(&self.answer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&self.answer[..head]).to_ascii_lowercase();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
        if let Some(length) = header("content-length:").and_then(|length| length.parse::<usize>().ok()) {
            while self.answer.len() < head + length {
                self.read().await?;
            }
        } else if header("transfer-encoding:") == Some("chunked") {
            while !self.answer.ends_with(b"\r\n0\r\n\r\n") {
                self.read().await?;
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> io::Result<()> {
        self.answer.reserve(64 * 1024);
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

async fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
