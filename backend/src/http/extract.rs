//! Whose request it is, read from its headers once.
//!
//! Ids and tokens come out parsed; a header that is missing, given twice or unreadable is a [`HeaderFault`], and
//! nothing behind this file has to doubt them again.
//!
//! [`HeaderFault`]: crate::http::extract::HeaderFault

use axum::http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use shared::header;
use shared::identity::guid::GuidError;
use shared::identity::{CashBoxId, Incarnation, OperationId, PosSystemId};
use thiserror::Error;

use crate::cashbox::command::Caller;

/// The longest access token. Those in use have 44 to 90 characters.
const TOKEN_LENGTH_MAX: usize = 4096;

/// Whose request it is.
#[derive(Debug, Clone)]
pub struct Addressed {
    /// Which cashbox.
    pub cashbox: CashBoxId,
    /// Who asks.
    pub caller: Caller,
    /// Which operation: as given, or a new one where the caller gave none.
    pub operation: OperationId,
    /// An owner whose address refused the proxy's connection; to be checked before it is believed.
    pub suspect: Option<Incarnation>,
}

/// What is wrong with the headers. The text names header and rule, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderFault {
    /// Neither spelling is there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// It is there twice.
    #[error("the header {0} is given more than once")]
    Repeated(&'static str),
    /// Its two spellings disagree.
    #[error("the headers {0} and {1} differ")]
    Differ(&'static str, &'static str),
    /// It is no GUID.
    #[error("the header {0} is not a GUID")]
    NoGuid(&'static str),
    /// It has characters that no such value has, or too many.
    #[error("the header {0} must be 1 to 4096 visible ASCII characters")]
    Unreadable(&'static str),
}

impl Addressed {
    /// Reads whose request it is.
    ///
    /// # Errors
    /// The first rule that the headers break.
    pub fn read(headers: &HeaderMap) -> Result<Self, HeaderFault> {
        let cashbox = two_spellings(
            headers,
            header::CASHBOX_ID,
            header::CASHBOX_ID_V2,
            guid::<CashBoxId>,
        )?;
        let token = two_spellings(headers, header::ACCESS_TOKEN, header::ACCESS_TOKEN_V2, token)?;
        let operation = single(headers, header::OPERATION_ID)?
            .map(|text| guid(header::OPERATION_ID, text))
            .transpose()?;
        let suspect = single(headers, header::SUSPECT)?
            .map(|text| guid(header::SUSPECT, text))
            .transpose()?;
        Ok(Self {
            cashbox: cashbox.ok_or(HeaderFault::Missing(header::CASHBOX_ID))?,
            caller: Caller::with_token(SecretString::from(
                token.ok_or(HeaderFault::Missing(header::ACCESS_TOKEN))?,
            )),
            operation: operation.unwrap_or_else(OperationId::random),
            suspect,
        })
    }
}

/// The POS system that a request of the second generation names.
///
/// # Errors
/// When it is given twice or is no GUID.
pub fn pos_system(headers: &HeaderMap) -> Result<Option<PosSystemId>, HeaderFault> {
    let name = header::POS_SYSTEM_ID_V2;
    single(headers, name)?.map(|text| guid(name, text)).transpose()
}

/// A header that exists in two spellings, which must agree where both are given.
fn two_spellings<T: PartialEq>(
    headers: &HeaderMap,
    first: &'static str,
    second: &'static str,
    read: impl Fn(&'static str, &str) -> Result<T, HeaderFault>,
) -> Result<Option<T>, HeaderFault> {
    let one = single(headers, first)?
        .map(|text| read(first, text))
        .transpose()?;
    let other = single(headers, second)?
        .map(|text| read(second, text))
        .transpose()?;
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(HeaderFault::Differ(first, second)),
        (one, other) => Ok(one.or(other)),
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, HeaderFault> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(HeaderFault::Repeated(name));
    }
    value
        .to_str()
        .map(|text| Some(text.trim()))
        .map_err(|_| HeaderFault::Unreadable(name))
}

fn guid<T: std::str::FromStr<Err = GuidError>>(name: &'static str, text: &str) -> Result<T, HeaderFault> {
    text.parse().map_err(|_| HeaderFault::NoGuid(name))
}

fn token(name: &'static str, text: &str) -> Result<String, HeaderFault> {
    if text.is_empty() {
        return Err(HeaderFault::Missing(name));
    }
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !visible || text.len() > TOKEN_LENGTH_MAX {
        return Err(HeaderFault::Unreadable(name));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-4333-8444-555555555555";
    const BRACED: &str = "{11111111-2222-4333-8444-555555555555}";

    fn read(headers: &[(&'static str, &str)]) -> Result<Addressed, HeaderFault> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Addressed::read(&map)
    }

    #[test]
    fn both_spellings_are_one_cashbox() {
        let request = read(&[("cashboxid", ID), ("x-cashbox-id", BRACED), ("accesstoken", "t")]).unwrap();
        assert_eq!(request.cashbox, ID.parse().unwrap());
    }

    #[test]
    fn each_broken_rule_has_its_own_fault() {
        use HeaderFault::{Differ, Missing, NoGuid, Repeated, Unreadable};
        let other = "21111111-2222-4333-8444-555555555555";
        let long = "t".repeat(TOKEN_LENGTH_MAX + 1);
        let cases: Vec<(Vec<(&str, &str)>, HeaderFault)> = vec![
            (vec![("accesstoken", "t")], Missing("cashboxid")),
            (vec![("cashboxid", ID)], Missing("accesstoken")),
            (
                vec![("cashboxid", ID), ("accesstoken", "")],
                Missing("accesstoken"),
            ),
            (
                vec![("cashboxid", ID), ("cashboxid", ID), ("accesstoken", "t")],
                Repeated("cashboxid"),
            ),
            (
                vec![("cashboxid", ID), ("accesstoken", "t"), ("accesstoken", "t")],
                Repeated("accesstoken"),
            ),
            (
                vec![("cashboxid", ID), ("x-cashbox-id", other), ("accesstoken", "t")],
                Differ("cashboxid", "x-cashbox-id"),
            ),
            (
                vec![
                    ("cashboxid", ID),
                    ("accesstoken", "t"),
                    ("x-cashbox-accesstoken", "u"),
                ],
                Differ("accesstoken", "x-cashbox-accesstoken"),
            ),
            (
                vec![("cashboxid", "kasse"), ("accesstoken", "t")],
                NoGuid("cashboxid"),
            ),
            (
                vec![("cashboxid", ID), ("accesstoken", "t"), ("x-operation-id", "7")],
                NoGuid("x-operation-id"),
            ),
            (
                vec![("cashboxid", ID), ("accesstoken", &long)],
                Unreadable("accesstoken"),
            ),
        ];
        for (headers, fault) in cases {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), *value))
                .collect();
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name, value.parse().unwrap());
            }
            assert_eq!(Addressed::read(&map).unwrap_err(), fault);
        }
    }

    #[test]
    fn a_request_without_an_operation_id_gets_one_of_its_own() {
        let once = read(&[("cashboxid", ID), ("accesstoken", "t")]).unwrap();
        let again = read(&[("cashboxid", ID), ("accesstoken", "t")]).unwrap();
        assert_ne!(once.operation, again.operation);
    }
}
