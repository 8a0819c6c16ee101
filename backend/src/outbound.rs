//! What all connections out of the site have in common: the way out, and what a failure is called.
//!
//! Never a redirect: it would carry a credential to an address that nobody configured. Never the environment behind
//! the settings' back: the way out is read with all other settings.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, RequestBuilder};
use shared::trace::context::{TRACE_PARENT, TRACE_STATE};
use shared::trace::current;

use crate::config_service::outgoing_proxy::{OutgoingProxy, ProxyAddress};

/// The longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that still needs its way out.
pub fn builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("byodc/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
}

/// A request to a part of the cluster or to its configuration service, which says where in a trace it belongs. A TSE's
/// vendor is not told.
pub fn traced(request: RequestBuilder) -> RequestBuilder {
    let place = current::place();
    let Some(context) = place.context() else {
        return request;
    };
    let request = request.header(TRACE_PARENT, context.parent.to_string());
    match &context.state {
        Some(state) => request.header(TRACE_STATE, &**state),
        None => request,
    }
}

/// A failure in words, down to its root, without the address, which may hold a credential.
#[must_use]
pub fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words += &format!(": {cause}");
        source = cause.source();
    }
    words
}

/// The pod's way out, and clients that take it. They share connections and trusted certificates, so that thousands of
/// units need one client.
#[derive(Debug, Default)]
pub struct Outbound {
    way_out: OutgoingProxy,
    /// Built when it is needed first: a pod whose TSEs are all simulated needs none.
    common: OnceLock<Client>,
    /// For what stands in the site itself.
    direct: OnceLock<Client>,
}

impl Outbound {
    /// Out by this way.
    #[must_use]
    pub fn by(way_out: OutgoingProxy) -> Self {
        Self {
            way_out,
            common: OnceLock::new(),
            direct: OnceLock::new(),
        }
    }

    /// A client for what stands in the site itself, past every proxy.
    ///
    /// # Errors
    /// When it cannot be built, for example because the machine has no trusted certificates.
    pub fn direct(&self) -> Result<Client, reqwest::Error> {
        if let Some(direct) = self.direct.get() {
            return Ok(direct.clone());
        }
        let built = builder().build()?;
        Ok(self.direct.get_or_init(|| built).clone())
    }

    /// A client that goes out by the pod's way, or by a proxy of its own.
    ///
    /// # Errors
    /// When it cannot be built, for example because the machine has no trusted certificates.
    pub fn client(&self, own: Option<ProxyAddress>) -> Result<Client, reqwest::Error> {
        if let Some(own) = own {
            return OutgoingProxy::only(own).apply(builder())?.build();
        }
        if let Some(common) = self.common.get() {
            return Ok(common.clone());
        }
        let built = self.way_out.apply(builder())?.build()?;
        Ok(self.common.get_or_init(|| built).clone())
    }
}
