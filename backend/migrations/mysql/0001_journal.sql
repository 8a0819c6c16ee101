-- MySQL and MariaDB: ids are 16 bytes, moments are ticks (100 ns since 0001-01-01), totals are exact decimals as text.

-- A queue: who may write (epoch to settled_row are ours), and the end of its chain (ftQueue).
CREATE TABLE queue (
    queue BINARY(16) NOT NULL,
    epoch BIGINT NOT NULL,
    owner VARCHAR(320) NOT NULL,
    claimed_at BIGINT NOT NULL,
    cashbox_time_stamp BIGINT,
    settled_row BIGINT NOT NULL,
    cashbox BINARY(16) NOT NULL,
    current_row BIGINT NOT NULL,
    queued_row BIGINT NOT NULL,
    receipt_numerator BIGINT NOT NULL,
    receipt_totalizer VARCHAR(320) NOT NULL,
    receipt_hash VARCHAR(320),
    start_moment BIGINT,
    stop_moment BIGINT,
    country_code VARCHAR(320) NOT NULL,
    timeout_ms BIGINT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The German part of a queue (ftQueueDE).
CREATE TABLE queue_de (
    queue BINARY(16) NOT NULL,
    scu BINARY(16),
    last_hash LONGTEXT,
    cash_box_identification LONGTEXT NOT NULL,
    sscd_fail_count BIGINT NOT NULL,
    sscd_fail_moment BIGINT,
    sscd_fail_queue_item BINARY(16),
    used_failed_count BIGINT NOT NULL,
    used_failed_moment_min BIGINT,
    used_failed_moment_max BIGINT,
    used_failed_queue_item BINARY(16),
    daily_closing_number BIGINT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The signature creation units that a queue knows (ftSignaturCreationUnitDE).
CREATE TABLE scu (
    queue BINARY(16) NOT NULL,
    scu BINARY(16) NOT NULL,
    url LONGTEXT,
    tse_info_json LONGTEXT,
    mode BIGINT NOT NULL,
    mode_configuration_json LONGTEXT,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, scu)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- A queue's master data, one JSON document.
CREATE TABLE master_data (
    queue BINARY(16) NOT NULL,
    document LONGTEXT NOT NULL,
    PRIMARY KEY (queue)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Intents: requests as they were received (ftQueueItem). Written once, before the TSE is called.
CREATE TABLE queue_item (
    queue BINARY(16) NOT NULL,
    queue_row BIGINT NOT NULL,
    item BINARY(16) NOT NULL,
    operation BINARY(16) NOT NULL,
    content_hash BINARY(32) NOT NULL,
    queue_moment BIGINT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    receipt_moment BIGINT NOT NULL,
    terminal_id LONGTEXT NOT NULL,
    receipt_reference LONGTEXT NOT NULL,
    reference_key BIGINT NOT NULL,
    country VARCHAR(320) NOT NULL,
    version VARCHAR(320) NOT NULL,
    request LONGTEXT NOT NULL,
    request_hash VARCHAR(320) NOT NULL,
    work_moment BIGINT,
    processing_version VARCHAR(320) NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, queue_row),
    UNIQUE KEY queue_item_operation (queue, operation),
    KEY queue_item_reference (queue, reference_key, queue_row)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Outcomes: how each intent ended (the rest of ftQueueItem). Written once; an intent without one was interrupted.
CREATE TABLE queue_answer (
    queue BINARY(16) NOT NULL,
    queue_row BIGINT NOT NULL,
    item BINARY(16) NOT NULL,
    outcome BIGINT NOT NULL,
    work_moment BIGINT,
    done_moment BIGINT,
    response LONGTEXT,
    response_hash VARCHAR(320),
    processing_version VARCHAR(320) NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, queue_row),
    KEY queue_answer_time_stamp (queue, time_stamp, item)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The chain (ftReceiptJournal).
CREATE TABLE receipt_journal (
    queue BINARY(16) NOT NULL,
    receipt_number BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    moment BIGINT NOT NULL,
    total VARCHAR(320) NOT NULL,
    item BINARY(16) NOT NULL,
    hash VARCHAR(320) NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, receipt_number),
    KEY receipt_journal_time_stamp (queue, time_stamp, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What happened besides receipts (ftActionJournal).
CREATE TABLE action_journal (
    queue BINARY(16) NOT NULL,
    time_stamp BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    item BINARY(16) NOT NULL,
    moment BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    kind LONGTEXT NOT NULL,
    message LONGTEXT NOT NULL,
    data_base64 LONGTEXT,
    data_json LONGTEXT,
    PRIMARY KEY (queue, time_stamp, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Exports of the TSE (ftJournalDE).
CREATE TABLE journal_de (
    queue BINARY(16) NOT NULL,
    time_stamp BIGINT NOT NULL,
    id BINARY(16) NOT NULL,
    export_number BIGINT NOT NULL,
    file_name LONGTEXT NOT NULL,
    file_extension LONGTEXT NOT NULL,
    content_base64 LONGTEXT NOT NULL,
    item BINARY(16) NOT NULL,
    PRIMARY KEY (queue, time_stamp, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- TSE transactions that were started and not finished (OpenTransaction). The key is SHA-256 of the reference.
CREATE TABLE open_transaction (
    queue BINARY(16) NOT NULL,
    reference_key BINARY(32) NOT NULL,
    receipt_reference LONGTEXT NOT NULL,
    transaction_number BIGINT NOT NULL,
    start_moment BIGINT NOT NULL,
    start_signature_base64 LONGTEXT,
    PRIMARY KEY (queue, reference_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Starts that the TSE did not see (FailedStartTransaction).
CREATE TABLE failed_start (
    queue BINARY(16) NOT NULL,
    reference_key BINARY(32) NOT NULL,
    receipt_reference LONGTEXT NOT NULL,
    start_moment BIGINT NOT NULL,
    item BINARY(16) NOT NULL,
    request LONGTEXT NOT NULL,
    cash_box_identification LONGTEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Finishes that the TSE did not see (FailedFinishTransaction).
CREATE TABLE failed_finish (
    queue BINARY(16) NOT NULL,
    reference_key BINARY(32) NOT NULL,
    receipt_reference LONGTEXT NOT NULL,
    transaction_number BIGINT NOT NULL,
    finish_moment BIGINT NOT NULL,
    item BINARY(16) NOT NULL,
    request LONGTEXT NOT NULL,
    cash_box_identification LONGTEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The last good configuration of a cashbox, sealed.
CREATE TABLE kept_configuration (
    cashbox BINARY(16) NOT NULL,
    sealed LONGBLOB NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (cashbox)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
