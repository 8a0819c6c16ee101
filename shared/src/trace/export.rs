//! From a configuration to a tracer, and the last spans at the end.

use thiserror::Error;

use super::config::Config;
use super::tracer::Tracer;

/// Who the spans are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the process does, in a word: `proxy` or `backend`.
    pub role: &'static str,
    /// Its stable name, where it has one: the pod's.
    pub name: String,
    /// Which start of it: a pod's incarnation.
    pub instance: String,
    /// Which build.
    pub version: &'static str,
}

/// Why spans cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The client cannot be built.
    #[error("the client of the collector cannot be built: {0}")]
    Client(String),
    /// The system gave no thread.
    #[error("the thread that sends spans cannot be started")]
    Thread(#[source] std::io::Error),
}

/// What exports the spans of a process; [`Export::finish`] sends the last ones.
#[derive(Debug, Default)]
pub struct Export {
    #[cfg(feature = "otlp")]
    sender: Option<super::otlp::Sender>,
}

impl Export {
    /// Begins to export if that is configured; otherwise the tracer makes no spans.
    ///
    /// # Errors
    /// When the client or its thread cannot be had.
    #[cfg(feature = "otlp")]
    pub fn begin(config: &Config, source: &Source) -> Result<(Tracer, Self), ExportError> {
        let Some(collector) = &config.collector else {
            return Ok((Tracer::default(), Self::default()));
        };
        let sender = super::otlp::Sender::start(collector, config.service_name.as_deref(), source)?;
        let tracer = Tracer::to(sender.sink(), collector.ratio);
        tracing::info!(collector = %collector.address, "spans are exported");
        let sender = Some(sender);
        Ok((tracer, Self { sender }))
    }

    /// Exports nothing: this build cannot, and a configuration that asks for it was refused.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(feature = "otlp"))]
    pub fn begin(_: &Config, _: &Source) -> Result<(Tracer, Self), ExportError> {
        Ok((Tracer::default(), Self::default()))
    }

    /// Sends what is left, for a moment; then gives it up.
    pub async fn finish(self) {
        #[cfg(feature = "otlp")]
        if let Some(sender) = self.sender {
            sender.finish().await;
        }
    }
}
