//! `GET /api/version`: which product, which version, which interface (`fiscal-spec.md` 1.7).

use axum::body::Body;
use axum::http::Response;

use super::reply;

/// The product name, in the shape of the original's (`vendor.SignatureCloud.market`).
pub const PRODUCT: &str = "byodc.SignatureCloud.DE";
/// The level of the interface that is served.
pub const INTERFACE: &str = "api:v1";

/// Three texts: product, version, interface.
pub async fn version() -> Response<Body> {
    reply::json(format!(
        r#"["{PRODUCT}","{}","{INTERFACE}"]"#,
        env!("CARGO_PKG_VERSION")
    ))
}
