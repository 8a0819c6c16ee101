-- SQLite: ids are 16 bytes, moments are ticks (100 ns since 0001-01-01), totals are exact decimals as text.

-- A queue: who may write (epoch to settled_row are ours), and the end of its chain (ftQueue).
CREATE TABLE queue (
    queue BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    cashbox_time_stamp INTEGER,
    settled_row INTEGER NOT NULL,
    cashbox BLOB NOT NULL,
    current_row INTEGER NOT NULL,
    queued_row INTEGER NOT NULL,
    receipt_numerator INTEGER NOT NULL,
    receipt_totalizer TEXT NOT NULL,
    receipt_hash TEXT,
    start_moment INTEGER,
    stop_moment INTEGER,
    country_code TEXT NOT NULL,
    timeout_ms INTEGER NOT NULL,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue)
) WITHOUT ROWID;

-- The German part of a queue (ftQueueDE).
CREATE TABLE queue_de (
    queue BLOB NOT NULL,
    scu BLOB,
    last_hash TEXT,
    cash_box_identification TEXT NOT NULL,
    sscd_fail_count INTEGER NOT NULL,
    sscd_fail_moment INTEGER,
    sscd_fail_queue_item BLOB,
    used_failed_count INTEGER NOT NULL,
    used_failed_moment_min INTEGER,
    used_failed_moment_max INTEGER,
    used_failed_queue_item BLOB,
    daily_closing_number INTEGER NOT NULL,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue)
) WITHOUT ROWID;

-- The signature creation units that a queue knows (ftSignaturCreationUnitDE).
CREATE TABLE scu (
    queue BLOB NOT NULL,
    scu BLOB NOT NULL,
    url TEXT,
    tse_info_json TEXT,
    mode INTEGER NOT NULL,
    mode_configuration_json TEXT,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue, scu)
) WITHOUT ROWID;

-- A queue's master data, one JSON document.
CREATE TABLE master_data (
    queue BLOB NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (queue)
);

-- Intents: requests as they were received (ftQueueItem). Written once, before the TSE is called.
CREATE TABLE queue_item (
    queue BLOB NOT NULL,
    queue_row INTEGER NOT NULL,
    item BLOB NOT NULL,
    operation BLOB NOT NULL,
    content_hash BLOB NOT NULL,
    queue_moment INTEGER NOT NULL,
    timeout_ms INTEGER NOT NULL,
    receipt_moment INTEGER NOT NULL,
    terminal_id TEXT NOT NULL,
    receipt_reference TEXT NOT NULL,
    reference_key INTEGER NOT NULL,
    country TEXT NOT NULL,
    version TEXT NOT NULL,
    request TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    work_moment INTEGER,
    processing_version TEXT NOT NULL,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue, queue_row)
);
CREATE UNIQUE INDEX queue_item_operation ON queue_item (queue, operation);
CREATE INDEX queue_item_reference ON queue_item (queue, reference_key, queue_row);

-- Outcomes: how each intent ended (the rest of ftQueueItem). Written once; an intent without one was interrupted.
CREATE TABLE queue_answer (
    queue BLOB NOT NULL,
    queue_row INTEGER NOT NULL,
    item BLOB NOT NULL,
    outcome INTEGER NOT NULL,
    work_moment INTEGER,
    done_moment INTEGER,
    response TEXT,
    response_hash TEXT,
    processing_version TEXT NOT NULL,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue, queue_row)
);
CREATE INDEX queue_answer_time_stamp ON queue_answer (queue, time_stamp, item);

-- The chain (ftReceiptJournal).
CREATE TABLE receipt_journal (
    queue BLOB NOT NULL,
    receipt_number INTEGER NOT NULL,
    id BLOB NOT NULL,
    moment INTEGER NOT NULL,
    total TEXT NOT NULL,
    item BLOB NOT NULL,
    hash TEXT NOT NULL,
    time_stamp INTEGER NOT NULL,
    PRIMARY KEY (queue, receipt_number)
) WITHOUT ROWID;
CREATE INDEX receipt_journal_time_stamp ON receipt_journal (queue, time_stamp, id);

-- What happened besides receipts (ftActionJournal).
CREATE TABLE action_journal (
    queue BLOB NOT NULL,
    time_stamp INTEGER NOT NULL,
    id BLOB NOT NULL,
    item BLOB NOT NULL,
    moment INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    data_base64 TEXT,
    data_json TEXT,
    PRIMARY KEY (queue, time_stamp, id)
);

-- Exports of the TSE (ftJournalDE).
CREATE TABLE journal_de (
    queue BLOB NOT NULL,
    time_stamp INTEGER NOT NULL,
    id BLOB NOT NULL,
    export_number INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    file_extension TEXT NOT NULL,
    content_base64 TEXT NOT NULL,
    item BLOB NOT NULL,
    PRIMARY KEY (queue, time_stamp, id)
);

-- TSE transactions that were started and not finished (OpenTransaction). The key is SHA-256 of the reference.
CREATE TABLE open_transaction (
    queue BLOB NOT NULL,
    reference_key BLOB NOT NULL,
    receipt_reference TEXT NOT NULL,
    transaction_number INTEGER NOT NULL,
    start_moment INTEGER NOT NULL,
    start_signature_base64 TEXT,
    PRIMARY KEY (queue, reference_key)
) WITHOUT ROWID;

-- Starts that the TSE did not see (FailedStartTransaction).
CREATE TABLE failed_start (
    queue BLOB NOT NULL,
    reference_key BLOB NOT NULL,
    receipt_reference TEXT NOT NULL,
    start_moment INTEGER NOT NULL,
    item BLOB NOT NULL,
    request TEXT NOT NULL,
    cash_box_identification TEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
);

-- Finishes that the TSE did not see (FailedFinishTransaction).
CREATE TABLE failed_finish (
    queue BLOB NOT NULL,
    reference_key BLOB NOT NULL,
    receipt_reference TEXT NOT NULL,
    transaction_number INTEGER NOT NULL,
    finish_moment INTEGER NOT NULL,
    item BLOB NOT NULL,
    request TEXT NOT NULL,
    cash_box_identification TEXT NOT NULL,
    PRIMARY KEY (queue, reference_key)
);

-- The last good configuration of a cashbox, sealed.
CREATE TABLE kept_configuration (
    cashbox BLOB NOT NULL,
    sealed BLOB NOT NULL,
    fetched_at INTEGER NOT NULL,
    PRIMARY KEY (cashbox)
);
