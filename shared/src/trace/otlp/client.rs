//! The collector's client: the exporter of OpenTelemetry on the HTTP client that everything else here uses.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use secrecy::ExposeSecret as _;

use crate::trace::config::Collector;
use crate::trace::export::ExportError;

/// What sends batches to the collector.
///
/// # Errors
/// When the client cannot be built.
pub(super) fn exporter(collector: &Collector, answer_within: Duration) -> Result<SpanExporter, ExportError> {
    let client = reqwest::Client::builder()
        // The collector stands in the site: no proxy, and no redirect that would carry a credential elsewhere.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(answer_within)
        .build()
        .map_err(|error| ExportError::Client(error.to_string()))?;
    let headers: HashMap<_, _> = collector
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.expose_secret().to_owned()))
        .collect();
    SpanExporter::builder()
        .with_http()
        .with_http_client(Client(client))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(collector.address.to_string())
        .with_timeout(answer_within)
        .with_headers(headers)
        // Nothing is sent a second time.
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        .map_err(|error| ExportError::Client(error.to_string()))
}

#[derive(Debug)]
struct Client(reqwest::Client);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.0.execute(request.try_into()?).await?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answered.status();
        // What the collector says beside its status is not read: it is no business of a pod.
        Ok(response)
    }
}
