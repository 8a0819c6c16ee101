-- Who held the queue before its owner: read in the transaction of a claim, so that the history can say from whom.
ALTER TABLE queue ADD COLUMN previous_owner TEXT NOT NULL DEFAULT '';

-- Every change of who may write: only ever added to. A number is given in the order of writing.
CREATE TABLE ownership_history (
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    cashbox BYTEA NOT NULL,
    queue BYTEA NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    from_pod TEXT,
    to_pod TEXT,
    epoch BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (number)
);
CREATE INDEX ownership_history_cashbox ON ownership_history (cashbox, number);
