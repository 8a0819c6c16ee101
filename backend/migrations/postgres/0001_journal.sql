-- PostgreSQL: ids are 16 bytes, moments are ticks (100 ns since 0001-01-01), totals are exact decimals as text.
-- Texts come with NUL escaped (sql/nul.rs), which PostgreSQL cannot hold.

-- A queue: who may write (epoch to settled_row are ours), and the end of its chain (ftQueue).
CREATE TABLE queue (
    queue BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    owner TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    cashbox_time_stamp BIGINT,
    settled_row BIGINT NOT NULL,
    cashbox BYTEA NOT NULL,
    current_row BIGINT NOT NULL,
    queued_row BIGINT NOT NULL,
    receipt_numerator BIGINT NOT NULL,
    receipt_totalizer TEXT NOT NULL,
    receipt_hash TEXT,
    start_moment BIGINT,
    stop_moment BIGINT,
    country_code TEXT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue)
) WITH (fillfactor = 50);

-- The German part of a queue (ftQueueDE).
CREATE TABLE queue_de (
    queue BYTEA NOT NULL,
    scu BYTEA,
    last_hash TEXT,
    cash_box_identification TEXT NOT NULL,
    sscd_fail_count BIGINT NOT NULL,
    sscd_fail_moment BIGINT,
    sscd_fail_queue_item BYTEA,
    used_failed_count BIGINT NOT NULL,
    used_failed_moment_min BIGINT,
    used_failed_moment_max BIGINT,
    used_failed_queue_item BYTEA,
    daily_closing_number BIGINT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue)
) WITH (fillfactor = 50);

-- The signature creation units that a queue knows (ftSignaturCreationUnitDE).
CREATE TABLE scu (
    queue BYTEA NOT NULL,
    scu BYTEA NOT NULL,
    url TEXT,
    tse_info_json TEXT,
    mode BIGINT NOT NULL,
    mode_configuration_json TEXT,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, scu)
);

-- A queue's master data, one JSON document.
CREATE TABLE master_data (
    queue BYTEA NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (queue)
);

-- Intents: requests as they were received (ftQueueItem). Written once, before the TSE is called.
CREATE TABLE queue_item (
    queue BYTEA NOT NULL,
    queue_row BIGINT NOT NULL,
    item BYTEA NOT NULL,
    operation BYTEA NOT NULL,
    content_hash BYTEA NOT NULL,
    queue_moment BIGINT NOT NULL,
    timeout_ms BIGINT NOT NULL,
    receipt_moment BIGINT NOT NULL,
    terminal_id TEXT NOT NULL,
    receipt_reference TEXT NOT NULL,
    reference_key BIGINT NOT NULL,
    country TEXT NOT NULL,
    version TEXT NOT NULL,
    request TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    work_moment BIGINT,
    processing_version TEXT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, queue_row)
);
CREATE UNIQUE INDEX queue_item_operation ON queue_item (queue, operation);
CREATE INDEX queue_item_reference ON queue_item (queue, reference_key, queue_row);

-- Outcomes: how each intent ended (the rest of ftQueueItem). Written once; an intent without one was interrupted.
CREATE TABLE queue_answer (
    queue BYTEA NOT NULL,
    queue_row BIGINT NOT NULL,
    item BYTEA NOT NULL,
    outcome BIGINT NOT NULL,
    work_moment BIGINT,
    done_moment BIGINT,
    response TEXT,
    response_hash TEXT,
    processing_version TEXT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, queue_row)
);
CREATE INDEX queue_answer_time_stamp ON queue_answer (queue, time_stamp, item);

-- The chain (ftReceiptJournal).
CREATE TABLE receipt_journal (
    queue BYTEA NOT NULL,
    receipt_number BIGINT NOT NULL,
    id BYTEA NOT NULL,
    moment BIGINT NOT NULL,
    total TEXT NOT NULL,
    item BYTEA NOT NULL,
    hash TEXT NOT NULL,
    time_stamp BIGINT NOT NULL,
    PRIMARY KEY (queue, receipt_number)
);
CREATE INDEX receipt_journal_time_stamp ON receipt_journal (queue, time_stamp, id);

-- What happened besides receipts (ftActionJournal).
CREATE TABLE action_journal (
    queue BYTEA NOT NULL,
    time_stamp BIGINT NOT NULL,
    id BYTEA NOT NULL,
    item BYTEA NOT NULL,
    moment BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    data_base64 TEXT,
    data_json TEXT,
    PRIMARY KEY (queue, time_stamp, id)
);

-- Exports of the TSE (ftJournalDE).
CREATE TABLE journal_de (
    queue BYTEA NOT NULL,
    time_stamp BIGINT NOT NULL,
    id BYTEA NOT NULL,
    export_number BIGINT NOT NULL,
    file_name TEXT NOT NULL,
    file_extension TEXT NOT NULL,
    content_base64 TEXT NOT NULL,
    item BYTEA NOT NULL,
    PRIMARY KEY (queue, time_stamp, id)
);

-- TSE transactions that were started and not finished (OpenTransaction). The key is SHA-256 of the reference.
CREATE TABLE open_transaction (
    queue BYTEA NOT NULL,
    reference_key BYTEA NOT NULL,
    receipt_reference TEXT NOT NULL,
    transaction_number BIGINT NOT NULL,
    start_moment BIGINT NOT NULL,
    start_signature_base64 TEXT,
    PRIMARY KEY (queue, reference_key)
);

-- Starts that the TSE did not see (FailedStartTransaction).
CREATE TABLE failed_start (
    queue BYTEA NOT NULL,
    reference_key BYTEA NOT NULL,
    receipt_reference TEXT NOT NULL,
    start_moment BIGINT NOT NULL,
    item BYTEA NOT NULL,
    request TEXT NOT NULL,
    cash_box_identification TEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
);

-- Finishes that the TSE did not see (FailedFinishTransaction).
CREATE TABLE failed_finish (
    queue BYTEA NOT NULL,
    reference_key BYTEA NOT NULL,
    receipt_reference TEXT NOT NULL,
    transaction_number BIGINT NOT NULL,
    finish_moment BIGINT NOT NULL,
    item BYTEA NOT NULL,
    request TEXT NOT NULL,
    cash_box_identification TEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
);

-- The last good configuration of a cashbox, sealed.
CREATE TABLE kept_configuration (
    cashbox BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (cashbox)
);
