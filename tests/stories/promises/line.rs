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
type Witness = dyn FnMut(&Request, &Response) + Send;

/// The line to a server, with somebody who decides what becomes of each request.
pub struct BadLine {
    inner: HttpTransport,
    plan: Mutex<Box<Plan>>,
    witness: Mutex<Box<Witness>>,
    /// How many requests were made.
    pub requests: AtomicUsize,
}

impl BadLine {
    pub fn new(url: &str, plan: impl FnMut(&Request) -> Fate + Send + 'static) -> Arc<Self> {
        let inner = HttpTransport::new(url, "en").unwrap();
        Arc::new(Self {
            inner,
            plan: Mutex::new(Box::new(plan)),
            witness: Mutex::new(Box::new(|_, _| ())),
            requests: AtomicUsize::new(0),
        })
    }

    /// From now on the line is like this.
    pub fn becomes(&self, plan: impl FnMut(&Request) -> Fate + Send + 'static) {
        *self.plan.lock().unwrap() = Box::new(plan);
    }

    /// Somebody looks at what the server answers.
    pub fn witnessed(&self, witness: impl FnMut(&Request, &Response) + Send + 'static) {
        *self.witness.lock().unwrap() = Box::new(witness);
    }

    async fn ask(&self, request: Request) -> Result<Response, TransportError> {
        let answer = self.inner.send(request.clone()).await?;
        (self.witness.lock().unwrap())(&request, &answer);
        Ok(answer)
    }
}

impl Transport for BadLine {
    fn send(&self, request: Request) -> Answer<'_, Response> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let fate = (self.plan.lock().unwrap())(&request);
        Box::pin(async move {
            match fate {
                Fate::Delivered => self.ask(request).await,
                Fate::Lost => Err(TransportError::Unreachable("lost".into())),
                Fate::AnswerLost => {
                    self.ask(request).await?;
                    Err(TransportError::TimedOut)
                }
                Fate::Doubled => {
                    self.ask(request.clone()).await?;
                    self.ask(request).await
                }
                Fate::Changed(request) => self.ask(request).await,
                Fate::Answered(response) => Ok(response),
            }
        })
    }
}
