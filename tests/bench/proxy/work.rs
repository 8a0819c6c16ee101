//! What is sent and answered.

use shared::identity::CashBoxId;

/// How many cashboxes take part.
pub const CASHBOXES: u128 = 10_000;
/// The pods' ports on the loopback interface.
pub const POD_PORTS: [u16; 4] = [28_181, 28_182, 28_183, 28_184];
const REQUEST_BYTES: usize = 1200;
const ANSWER_BYTES: usize = 1500;

/// The n-th cashbox: spread over all 128 bits as random GUIDs are, and the same in every process.
pub fn cashbox(n: u128) -> CashBoxId {
    CashBoxId::from_u128((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// A receipt of one cashbox.
pub fn request(cashbox: CashBoxId) -> Vec<u8> {
    let body = format!("{{\"cbTerminalID\":\"{}\"}}", "x".repeat(REQUEST_BYTES - 19));
    format!(
        "POST /api/v0/sign HTTP/1.1\r\nHost: pos.example\r\nUser-Agent: bench\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\ncashboxid: {cashbox}\r\n\
         accesstoken: BE1FkZsHDUZVFXyLhxOgqMkLrPCDW0h1OkT0uv\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The body of every answer.
pub fn answer_body() -> String {
    format!("{{\"ftState\":\"{}\"}}", "y".repeat(ANSWER_BYTES - 14))
}

/// Where a message that begins with this head ends; `None` while the head is not complete.
pub fn message_end(come: &[u8]) -> Option<usize> {
    let head = find(come, b"\r\n\r\n")? + 4;
    let length =
        field(&come[..head], b"content-length: ").or_else(|| field(&come[..head], b"Content-Length: "));
    let length = length.map_or(0, |digits| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
    });
    Some(head + length)
}

/// The value of a field that is written exactly so.
pub fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let begins = find(head, name)? + name.len();
    let ends = find(&head[begins..], b"\r\n")?;
    Some(&head[begins..begins + ends])
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = part[0];
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
