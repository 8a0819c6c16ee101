//! `/swagger` and `/swagger/v1/swagger.json`, where the original has them. Page and document are part of the binary.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

/// Where the document is.
const DOCUMENT_PATH: &str = "/swagger/v1/swagger.json";

/// The page and the document.
pub fn routes() -> Router {
    SwaggerUi::new("/swagger").url(DOCUMENT_PATH, document()).into()
}

/// The description of the interface. Written by hand, as the interface is the original's and not derived from our
/// types; a test holds it against what is really answered.
fn document() -> OpenApi {
    serde_json::from_str(include_str!("swagger/openapi.json")).expect("a test reads the same text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::path::Endpoint;
    use serde_json::Value;

    fn written() -> Value {
        serde_json::from_str(include_str!("swagger/openapi.json")).unwrap()
    }

    #[test]
    fn every_described_path_is_served() {
        let document = document();
        assert!(!document.paths.paths.is_empty());
        for path in document.paths.paths.keys() {
            assert!(Endpoint::of(path).is_some(), "{path}");
        }
    }

    #[test]
    fn nothing_of_the_document_is_lost_on_the_way() {
        let served = serde_json::to_value(document()).unwrap();
        for schema in [
            "ReceiptRequest",
            "ChargeItem",
            "PayItem",
            "ReceiptResponse",
            "SignaturItem",
            "Problem",
        ] {
            let names = |value: &Value| -> Vec<String> {
                let members = value["components"]["schemas"][schema]["properties"]
                    .as_object()
                    .unwrap();
                members.keys().cloned().collect()
            };
            assert_eq!(names(&served), names(&written()), "{schema}");
        }
    }
}
