-- How a queue stands to what its TSE has signed; a row where something had to be said.
CREATE TABLE tse_account (
    queue BYTEA NOT NULL,
    scu BYTEA,
    reported_through BIGINT NOT NULL,
    stale_since BIGINT,
    stale_evidence TEXT,
    accepted_at BIGINT,
    PRIMARY KEY (queue)
);
