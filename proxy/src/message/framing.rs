//! Where the body of a message ends, as its head says.

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// By its length in bytes.
    Length(u64),
    /// By the chunked coding.
    Chunked,
}
