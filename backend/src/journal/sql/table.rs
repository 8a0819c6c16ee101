//! Tables by name and columns, and the statements that follow from them in each dialect.

use super::connection::{Connection, Kind, Value};

/// The most rows of one statement. Values of a statement stay far below what the databases take.
const ROWS_MAX: usize = 256;

/// A table: its key first, then the other columns, in the order of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
}

impl Table {
    /// Adds rows; one that exists is an error.
    pub(super) async fn insert(
        &self,
        connection: &mut Connection,
        rows: &[Vec<Value<'_>>],
    ) -> sqlx::Result<()> {
        for rows in in_powers_of_two(rows) {
            let sql = self.insert_sql(rows.len());
            connection.execute(&sql, &rows.concat()).await?;
        }
        Ok(())
    }

    /// Adds rows; of one that exists, every column is replaced.
    pub(super) async fn put(&self, connection: &mut Connection, rows: &[Vec<Value<'_>>]) -> sqlx::Result<()> {
        let kind = connection.kind();
        let replaced = |column: &&str| match kind {
            Kind::MySql => format!("{column} = VALUES({column})"),
            Kind::Sqlite | Kind::Postgres => format!("{column} = excluded.{column}"),
        };
        let assignments: Vec<String> = self.columns.iter().map(replaced).collect();
        let tail = self.on_conflict(kind, &assignments.join(", "));
        for rows in in_powers_of_two(rows) {
            let sql = self.insert_sql(rows.len()) + &tail;
            connection.execute(&sql, &rows.concat()).await?;
        }
        Ok(())
    }

    /// Takes a row away, if it is there.
    pub(super) async fn remove(&self, connection: &mut Connection, key: &[Value<'_>]) -> sqlx::Result<()> {
        let condition = self.key.join(" = ? AND ");
        let sql = format!("DELETE FROM {} WHERE {condition} = ?", self.name);
        connection.execute(&sql, key).await
    }

    /// `SELECT` with all columns, key first.
    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.all_columns(), self.name)
    }

    /// Every column, key first.
    pub(super) fn all_columns(&self) -> String {
        [self.key, self.columns].concat().join(", ")
    }

    /// `INSERT` of so many rows.
    pub(super) fn insert_sql(&self, rows: usize) -> String {
        let row = places(self.key.len() + self.columns.len());
        let rows = vec![row; rows].join(", ");
        format!("INSERT INTO {} ({}) VALUES {rows}", self.name, self.all_columns())
    }

    /// What follows an `INSERT` to change a row that exists.
    pub(super) fn on_conflict(&self, kind: Kind, assignments: &str) -> String {
        match kind {
            Kind::MySql => format!(" ON DUPLICATE KEY UPDATE {assignments}"),
            Kind::Sqlite | Kind::Postgres => {
                format!(
                    " ON CONFLICT ({}) DO UPDATE SET {assignments}",
                    self.key.join(", ")
                )
            }
        }
    }
}

/// `(?, ?, ?)`.
pub(super) fn places(count: usize) -> String {
    format!("({})", vec!["?"; count].join(", "))
}

/// Pieces whose lengths are powers of two: any number of rows takes few statements, and there are few different
/// ones, so that each is prepared once.
pub(super) fn in_powers_of_two<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << rest.len().min(ROWS_MAX).checked_ilog2()?;
        let (piece, others) = rest.split_at(length);
        rest = others;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_and_miss_nothing() {
        let rows: Vec<usize> = (0..717).collect();
        let pieces: Vec<&[usize]> = in_powers_of_two(&rows).collect();
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, [256, 256, 128, 64, 8, 4, 1]);
        assert_eq!(pieces.concat(), rows);
        assert_eq!(in_powers_of_two::<u8>(&[]).count(), 0);
    }
}
