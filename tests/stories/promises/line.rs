//! A bad line: what a phone sends and what comes back can be lost, doubled or replaced on the way.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use mobile_api::phone::{
    HttpTransport, Transport,
    transport::{Answer, Request, Response, TransportError},
};

/// What becomes of a request.
pub enum Fate {
    /// It arrives, and so does its answer.
    Delivered,
    /// It never reaches the server.
    Lost,
    /// The server acts on it; the answer is lost.
    AnswerLost,
    /// It arrives twice; the second answer comes back.
    Doubled,
    /// Something on the way changes it.
    Changed(Request),
    /// Something on the way answers instead of the server.
    Answered(Response),
}

type Plan = dyn FnMut(&Request) -> Fate + Send;

/// The line to a server, with somebody who decides what becomes of each request.
pub struct BadLine {
    inner: HttpTransport,
    plan: Mutex<Box<Plan>>,
    /// How many requests were made.
    pub requests: AtomicUsize,
}

impl BadLine {
    pub fn new(url: &str, plan: impl FnMut(&Request) -> Fate + Send + 'static) -> Arc<Self> {
        let inner = HttpTransport::new(url, "en").unwrap();
        Arc::new(Self { inner, plan: Mutex::new(Box::new(plan)), requests: AtomicUsize::new(0) })
    }

    /// From now on the line is like this.
    pub fn becomes(&self, plan: impl FnMut(&Request) -> Fate + Send + 'static) {
        *self.plan.lock().unwrap() = Box::new(plan);
    }
}

impl Transport for BadLine {
    fn send(&self, request: Request) -> Answer<'_, Response> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let fate = (self.plan.lock().unwrap())(&request);
        Box::pin(async move {
            match fate {
                Fate::Delivered => self.inner.send(request).await,
                Fate::Lost => Err(TransportError::Unreachable("lost".into())),
                Fate::AnswerLost => {
                    self.inner.send(request).await?;
                    Err(TransportError::TimedOut)
                }
                Fate::Doubled => {
                    self.inner.send(request.clone()).await?;
                    self.inner.send(request).await
                }
                Fate::Changed(request) => self.inner.send(request).await,
                Fate::Answered(response) => Ok(response),
            }
        })
    }
}
