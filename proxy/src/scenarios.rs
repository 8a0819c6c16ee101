//! The proxy as its neighbours see it: scripted pods behind it, raw clients before it.

/// Where a request goes, and what happens when the pod does not answer.
mod exchange;
/// An owner that lives, behind a way that is broken.
mod unreachable;
/// What a client may say, and what a pod gets to see.
mod hygiene;
/// Bodies: limits, codings, streaming.
mod bodies;
/// TLS and HTTP/2.
mod tls;
/// Where a request belongs in a trace.
mod traces;
/// Start, stop, admin port, and a store that is away.
mod running;
