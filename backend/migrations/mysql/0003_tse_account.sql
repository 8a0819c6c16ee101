-- How a queue stands to what its TSE has signed; a row where something had to be said.
CREATE TABLE tse_account (
    queue BINARY(16) NOT NULL,
    scu BINARY(16),
    reported_through BIGINT NOT NULL,
    stale_since BIGINT,
    stale_evidence LONGTEXT,
    accepted_at BIGINT,
    PRIMARY KEY (queue)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
