//! Which journal to export, and which part (1.12).

use thiserror::Error;

/// A request for a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalRequest {
    /// `type`: a number of `fiscal-spec.md` chapter 7.
    pub kind: i64,
    /// `from`: ticks of the first row's time of writing.
    pub from: i64,
    /// `to`: ticks of the last row's; 0 is the end, below 0 is a number of rows.
    pub to: i64,
}

/// A parameter that holds no 64-bit integer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name}: an integer of 64 bits is expected")]
pub struct JournalRequestError {
    /// Which.
    pub name: &'static str,
}

impl JournalRequest {
    /// Reads the query of a URL, such as `type=2&from=0&to=-2`. Missing and empty parameters are 0, names are read
    /// in any letter case, and of a repeated parameter the last one counts.
    ///
    /// # Errors
    /// When a parameter is no integer.
    pub fn from_query(query: &str) -> Result<Self, JournalRequestError> {
        let mut request = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let (name, member) = match name.to_ascii_lowercase().as_str() {
                "type" => ("type", &mut request.kind),
                "from" => ("from", &mut request.from),
                "to" => ("to", &mut request.to),
                _ => continue,
            };
            *member = match value {
                "" => 0,
                digits => digits.parse().map_err(|_| JournalRequestError { name })?,
            };
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_exactly_and_missing_ones_are_zero() {
        assert_eq!(
            JournalRequest::from_query("Type=4919338167972134913&to=-2&other=x"),
            Ok(JournalRequest {
                kind: 4_919_338_167_972_134_913,
                from: 0,
                to: -2
            })
        );
        assert_eq!(JournalRequest::from_query(""), Ok(JournalRequest::default()));
    }

    #[test]
    fn a_parameter_that_is_no_number_is_named() {
        let error = JournalRequest::from_query("type=2&from=yesterday").unwrap_err();
        assert_eq!(error.to_string(), "from: an integer of 64 bits is expected");
    }
}
