//! A line that can be cut.

use std::sync::{Mutex, PoisonError};

use super::server::Server;
use crate::phone::{
    Transport,
    transport::{Answer, Request, Response, TransportError},
};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// It never reaches the server.
    Before,
    /// The server acts and its answer is lost.
    After,
    /// Something on the way answers with this status and no problem document.
    Status(u16),
    /// A hotel's page for signing in to its network, with status 200.
    Portal,
}

type Plan = Box<dyn FnMut(&Request) -> Fault + Send>;

pub(super) struct Faults {
    server: Server,
    plan: Mutex<Plan>,
}

impl Faults {
    pub(super) fn new(server: Server) -> Self {
        Self { server, plan: Mutex::new(Box::new(|_| Fault::None)) }
    }

    /// From now on `plan` decides about each request.
    pub(super) fn plan(&self, plan: impl FnMut(&Request) -> Fault + Send + 'static) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(plan);
    }

    /// No signal.
    pub(super) fn down(&self) {
        self.plan(|_| Fault::Before);
    }

    /// Signal.
    pub(super) fn up(&self) {
        self.plan(|_| Fault::None);
    }
}

impl Transport for Faults {
    fn send(&self, request: Request) -> Answer<'_, Response> {
        let fault = (self.plan.lock().unwrap_or_else(PoisonError::into_inner))(&request);
        let broken = || TransportError::Unreachable("cut".into());
        let said = |status, text: &str| Response {
            status,
            retry_after: None,
            headers: Vec::new(),
            body: text.as_bytes().to_vec(),
        };
        Box::pin(async move {
            match fault {
                Fault::None => self.server.send(request).await,
                Fault::Before => Err(broken()),
                Fault::After => self.server.send(request).await.and_then(|_| Err(broken())),
                Fault::Status(status) => Ok(said(status, "<html>Bad Gateway</html>")),
                Fault::Portal => Ok(said(200, "<html>Welcome to the hotel</html>")),
            }
        })
    }
}
