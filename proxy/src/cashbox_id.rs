//! Whose receipt is it: from a request's head to the cashbox it concerns.
//!
//! Identities are parsed to 128 bits before anything is hashed, so that no spelling of a GUID can be routed
//! differently from another. A field of ours that comes twice is refused: two parties could believe different ones.

use shared::header;
use shared::identity::{CashBoxId, OperationId};
use thiserror::Error;

use crate::message::field::Field;

/// Why a request's identity cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentityFault {
    /// A field that may come once came again.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
    /// A field that must be a GUID is none.
    #[error("{0} is not a GUID")]
    NotAGuid(&'static str),
    /// Both spellings of a field are given and differ.
    #[error("{0} and {1} differ")]
    Differ(&'static str, &'static str),
}

/// What a head says about whose request it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Identity {
    cashbox: Option<CashBoxId>,
    cashbox_v2: Option<CashBoxId>,
    token: Option<Token>,
    token_v2: Option<Token>,
    operation: Option<OperationId>,
}

impl Identity {
    /// Notes one of the identifying fields.
    ///
    /// # Errors
    /// When it came before, or is not what it must be.
    pub fn see(&mut self, field: Field, value: &[u8]) -> Result<(), IdentityFault> {
        match field {
            Field::CashboxId => once(&mut self.cashbox, header::CASHBOX_ID, guid(value)),
            Field::CashboxIdV2 => once(&mut self.cashbox_v2, header::CASHBOX_ID_V2, guid(value)),
            Field::OperationId => once(&mut self.operation, header::OPERATION_ID, guid(value)),
            Field::AccessToken => once(&mut self.token, header::ACCESS_TOKEN, Token::new(value)),
            Field::AccessTokenV2 => once(&mut self.token_v2, header::ACCESS_TOKEN_V2, Token::new(value)),
            _ => Ok(()),
        }
    }

    /// Checks what only the whole head can show.
    ///
    /// # Errors
    /// When two spellings of one thing differ.
    pub fn end(&self) -> Result<(), IdentityFault> {
        agree(self.cashbox, self.cashbox_v2)
            .ok_or(IdentityFault::Differ(header::CASHBOX_ID, header::CASHBOX_ID_V2))?;
        agree(self.token.as_ref(), self.token_v2.as_ref()).ok_or(IdentityFault::Differ(
            header::ACCESS_TOKEN,
            header::ACCESS_TOKEN_V2,
        ))
    }

    /// The cashbox that the request concerns, if it names one.
    #[must_use]
    pub fn cashbox(&self) -> Option<CashBoxId> {
        self.cashbox.or(self.cashbox_v2)
    }

    /// The operation id the POS gave, or a new one.
    #[must_use]
    pub fn operation(&self) -> OperationId {
        self.operation.unwrap_or_else(new_operation)
    }
}

/// An access token, only to be compared: it is never shown.
#[derive(Clone, PartialEq, Eq)]
struct Token(Box<[u8]>);

impl Token {
    fn new(value: &[u8]) -> Option<Self> {
        Some(Self(value.into()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

fn once<T>(slot: &mut Option<T>, name: &'static str, value: Option<T>) -> Result<(), IdentityFault> {
    let value = value.ok_or(IdentityFault::NotAGuid(name))?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(IdentityFault::Repeated(name)),
    }
}

fn guid<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<()> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        _ => Some(()),
    }
}

/// A random GUID (RFC 9562 section 5.4) from the thread's generator: asking the system each time costs a call.
fn new_operation() -> OperationId {
    let bits: u128 = rand::random();
    let versioned = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    OperationId::from_u128(versioned)
}

/// What a request needs to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The pod that owns this cashbox.
    Cashbox(CashBoxId),
    /// Any pod: the path concerns no cashbox.
    Nobodys,
    /// The proxy's own health.
    Proxys(Health),
    /// A cashbox, but the request names none.
    Missing,
}

/// What is asked about the proxy's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Whether it runs.
    Live,
    /// Whether it takes requests.
    Ready,
}

/// Says what a request to `path` needs. Paths are compared without letter case and without a last slash, as the
/// original's router does.
#[must_use]
pub fn whose(path: &str, identity: &Identity) -> Whose {
    let path = path.strip_suffix('/').unwrap_or(path);
    let is = |known: &str| path.eq_ignore_ascii_case(known);
    let begins = |known: &str| {
        path.get(..known.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(known))
    };
    if is("/health/live") {
        Whose::Proxys(Health::Live)
    } else if is("/health/ready") {
        Whose::Proxys(Health::Ready)
    } else if is("/api/version") || begins("/swagger") {
        Whose::Nobodys
    } else {
        identity.cashbox().map_or(Whose::Missing, Whose::Cashbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"6F9619FF-8B86-D011-B42D-00C04FC964FF";

    #[test]
    fn two_spellings_of_one_cashbox_agree_and_two_cashboxes_do_not() {
        let mut identity = Identity::default();
        identity.see(Field::CashboxId, ONE).unwrap();
        identity
            .see(Field::CashboxIdV2, b"6f9619ff-8b86-d011-b42d-00c04fc964ff")
            .unwrap();
        assert_eq!(identity.end(), Ok(()));

        let mut identity = Identity::default();
        identity.see(Field::CashboxId, ONE).unwrap();
        identity
            .see(Field::CashboxIdV2, b"00000000-0000-0000-0000-000000000001")
            .unwrap();
        assert!(matches!(identity.end(), Err(IdentityFault::Differ(..))));
        assert!(Identity::default().see(Field::CashboxId, b"42").is_err());
    }

    #[test]
    fn a_field_of_ours_may_come_once() {
        let mut identity = Identity::default();
        identity.see(Field::CashboxId, ONE).unwrap();
        assert_eq!(
            identity.see(Field::CashboxId, ONE),
            Err(IdentityFault::Repeated("cashboxid"))
        );
        identity.see(Field::AccessToken, b"a").unwrap();
        assert!(identity.see(Field::AccessToken, b"a").is_err());
    }

    #[test]
    fn a_made_operation_id_is_a_version_4_guid() {
        for _ in 0..100 {
            let text = Identity::default().operation().to_string();
            assert_eq!(&text[14..15], "4", "{text}");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        }
    }

    #[test]
    fn only_paths_that_concern_no_cashbox_go_without_one() {
        let nobody = Identity::default();
        assert_eq!(whose("/API/Version/", &nobody), Whose::Nobodys);
        assert_eq!(whose("/swagger/index.html", &nobody), Whose::Nobodys);
        assert_eq!(whose("/health/ready", &nobody), Whose::Proxys(Health::Ready));
        for path in ["/v0/sign", "/api/versions", "/", "/health", "/swag"] {
            assert_eq!(whose(path, &nobody), Whose::Missing, "{path}");
        }
    }
}
