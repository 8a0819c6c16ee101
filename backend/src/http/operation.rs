//! What makes two requests the same operation: its content, whatever its spelling.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The hash by which a repeated operation id with other content is told apart. White space and the order of
/// members do not count; what a member says does. So a client that writes its request anew for a repetition is
/// recognised, and one that changes an amount is not.
#[must_use]
pub fn content_hash(document: &Value) -> [u8; 32] {
    // Maps of serde_json are ordered by key, and numbers keep their digits.
    Sha256::digest(document.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> [u8; 32] {
        content_hash(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn spelling_does_not_count_and_content_does() {
        let one = hash(r#"{"a": 1.10, "b": [1, 2]}"#);
        assert_eq!(one, hash(r#"{"b":[1,2],"a":1.10}"#));
        assert_ne!(one, hash(r#"{"b":[2,1],"a":1.10}"#));
        assert_ne!(one, hash(r#"{"b":[1,2],"a":1.11}"#));
    }

    #[test]
    fn cases_beyond_the_precision_of_a_double_stay_apart() {
        assert_ne!(
            hash(r#"{"c":4919338172267102209}"#),
            hash(r#"{"c":4919338172267102210}"#)
        );
    }
}
