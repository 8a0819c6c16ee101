-- Who held the queue before its owner: read in the transaction of a claim, so that the history can say from whom.
ALTER TABLE queue ADD COLUMN previous_owner VARCHAR(320) NOT NULL DEFAULT '';

-- Every change of who may write: only ever added to. A number is given in the order of writing.
CREATE TABLE ownership_history (
    number BIGINT NOT NULL AUTO_INCREMENT,
    cashbox BINARY(16) NOT NULL,
    queue BINARY(16) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    at BIGINT NOT NULL,
    from_pod VARCHAR(320),
    to_pod VARCHAR(320),
    epoch BIGINT NOT NULL,
    reason VARCHAR(320) NOT NULL,
    PRIMARY KEY (number),
    KEY ownership_history_cashbox (cashbox, number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
