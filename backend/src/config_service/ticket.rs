//! What a pod tells its successor of a cashbox that it hands over: whose token is accepted, and which configuration
//! is in force. The document itself lies in the database already, sealed with the same key.
//!
//! The successor starts from a copy only if it is the very document that the owner used last, so a reset that was
//! answered is never undone by a move.

use shared::identity::{CashBoxId, Epoch, Incarnation};

use super::TokenDigest;
use super::seal::Seal;
use crate::cashbox::configuration::Fingerprint;

/// Begins every ticket, so that nothing else that was sealed with the key is taken for one.
const MARK: &[u8; 16] = b"byodc handover 1";

/// What a successor needs to know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The owner.
    pub from: Incarnation,
    /// The epoch that ends.
    pub epoch: Epoch,
    /// The digest of the accepted token.
    pub accepted: TokenDigest,
    /// The configuration in force.
    pub configuration: Fingerprint,
}

impl Ticket {
    /// Seals it for a cashbox.
    #[must_use]
    pub fn seal(&self, seal: &Seal, cashbox: CashBoxId) -> Vec<u8> {
        let plain = [
            &MARK[..],
            &self.from.as_u128().to_be_bytes(),
            &self.epoch.0.to_be_bytes(),
            &self.accepted,
            &self.configuration.0,
        ];
        seal.seal(cashbox, &plain.concat())
    }

    /// Opens one that was sealed for this cashbox; `None` when it was not.
    #[must_use]
    pub fn open(seal: &Seal, cashbox: CashBoxId, sealed: &[u8]) -> Option<Self> {
        let plain = seal.open(cashbox, sealed).ok()?;
        let mut rest = plain.strip_prefix(MARK)?;
        let ticket = Self {
            from: Incarnation::from_u128(u128::from_be_bytes(take(&mut rest)?)),
            epoch: Epoch(u64::from_be_bytes(take(&mut rest)?)),
            accepted: take(&mut rest)?,
            configuration: Fingerprint(take(&mut rest)?),
        };
        rest.is_empty().then_some(ticket)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_for_its_cashbox_and_nothing_else_opens_as_one() {
        let seal = Seal::new([1; 32], None);
        let (mine, other) = (CashBoxId::from_u128(7), CashBoxId::from_u128(8));
        let ticket = Ticket {
            from: Incarnation::from_u128(5),
            epoch: Epoch(9),
            accepted: [2; 32],
            configuration: Fingerprint([3; 32]),
        };
        let sealed = ticket.seal(&seal, mine);
        assert!(Ticket::open(&seal, mine, &sealed) == Some(ticket));
        assert!(Ticket::open(&seal, other, &sealed).is_none());
        assert!(Ticket::open(&seal, mine, &seal.seal(mine, b"a kept configuration")).is_none());
        let longer = [seal.open(mine, &sealed).unwrap(), vec![0]].concat();
        assert!(Ticket::open(&seal, mine, &seal.seal(mine, &longer)).is_none());
    }
}
