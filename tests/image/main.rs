//! The image, and the installation of `compose.yaml`, without a container engine: what the binary needs is what the image has, and it runs as the image runs it.
//!
//! `BYODC_BIN=target/release/byodc cargo test -p harness --test image` asks the same of a release build.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// The Dockerfile, read.
mod dockerfile;
/// What it says agrees with the binary, its settings and the source tree.
mod agreement;
/// What the binary links.
mod libraries;
/// A container made of namespaces.
mod container;
/// Every role in it.
mod roles;
/// What `compose.yaml` says agrees with the binary, its settings and the source tree.
mod compose;
