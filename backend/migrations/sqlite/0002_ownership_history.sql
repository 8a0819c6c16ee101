-- Who held the queue before its owner: read in the transaction of a claim, so that the history can say from whom.
ALTER TABLE queue ADD COLUMN previous_owner TEXT NOT NULL DEFAULT '';

-- Every change of who may write: only ever added to. A number is given in the order of writing.
CREATE TABLE ownership_history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    cashbox BLOB NOT NULL,
    queue BLOB NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    from_pod TEXT,
    to_pod TEXT,
    epoch INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX ownership_history_cashbox ON ownership_history (cashbox, number);
