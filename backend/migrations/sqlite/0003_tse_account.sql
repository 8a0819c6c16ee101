-- How a queue stands to what its TSE has signed; a row where something had to be said.
CREATE TABLE tse_account (
    queue BLOB NOT NULL,
    scu BLOB,
    reported_through INTEGER NOT NULL,
    stale_since INTEGER,
    stale_evidence TEXT,
    accepted_at INTEGER,
    PRIMARY KEY (queue)
) WITHOUT ROWID;
