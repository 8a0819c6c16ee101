//! Rows by reference, with the changes that one receipt makes to them.
//!
//! A receipt sees its own changes at once, the queue only after they were committed. A row that is put and
//! removed within one receipt leaves no trace, which is every sale of the implicit flow.

use std::collections::BTreeMap;

/// Stored rows below, the changes of one receipt above.
#[derive(Debug)]
pub struct Overlay<'a, Row> {
    stored: &'a BTreeMap<String, Row>,
    changed: BTreeMap<String, Option<Row>>,
}

impl<'a, Row> Overlay<'a, Row> {
    /// No changes yet.
    #[must_use]
    pub fn over(stored: &'a BTreeMap<String, Row>) -> Self {
        Self {
            stored,
            changed: BTreeMap::new(),
        }
    }

    /// The row of a reference, as it will be.
    #[must_use]
    pub fn get(&self, reference: &str) -> Option<&Row> {
        match self.changed.get(reference) {
            Some(changed) => changed.as_ref(),
            None => self.stored.get(reference),
        }
    }

    /// Puts a row, replacing one of the same reference.
    pub fn put(&mut self, reference: &str, row: Row) {
        self.changed.insert(reference.to_owned(), Some(row));
    }

    /// Removes a row, if there is one.
    pub fn remove(&mut self, reference: &str) {
        self.changed.insert(reference.to_owned(), None);
    }

    /// Every reference that will have a row, in order.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let unchanged = self
            .stored
            .keys()
            .filter(|reference| !self.changed.contains_key(*reference));
        let put = self
            .changed
            .iter()
            .filter(|(_, row)| row.is_some())
            .map(|(reference, _)| reference);
        let mut references: Vec<String> = unchanged.chain(put).cloned().collect();
        references.sort();
        references
    }

    /// What has to be written: rows put, and references of stored rows that are removed.
    pub fn into_changes(self) -> impl Iterator<Item = Changed<Row>> + use<'a, Row> {
        let stored = self.stored;
        self.changed
            .into_iter()
            .filter_map(move |(reference, row)| match row {
                Some(row) => Some(Changed::Put(row)),
                None if stored.contains_key(&reference) => Some(Changed::Removed(reference)),
                None => None,
            })
    }
}

/// One change to write.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed<Row> {
    /// A row is put, replacing one of the same reference.
    Put(Row),
    /// The stored row of this reference is removed.
    Removed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> BTreeMap<String, u8> {
        BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])
    }

    #[test]
    fn a_row_put_and_removed_leaves_no_trace() {
        let stored = stored();
        let mut rows = Overlay::over(&stored);
        rows.put("c", 3);
        rows.remove("c");
        assert_eq!(rows.get("c"), None);
        assert_eq!(rows.into_changes().count(), 0);
    }

    #[test]
    fn a_receipt_sees_its_own_changes_and_they_are_written_once() {
        let stored = stored();
        let mut rows = Overlay::over(&stored);
        rows.put("a", 9);
        rows.remove("b");
        rows.put("c", 3);
        assert_eq!((rows.get("a"), rows.get("b")), (Some(&9), None));
        assert_eq!(rows.references(), ["a", "c"]);
        let changes: Vec<_> = rows.into_changes().collect();
        assert_eq!(
            changes,
            [Changed::Put(9), Changed::Removed("b".to_owned()), Changed::Put(3)]
        );
    }
}
