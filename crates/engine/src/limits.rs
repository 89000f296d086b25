//! The limits of operation. Limits of the domain (lengths, amounts) are in `ledger::limits`.

use std::time::Duration;

/// The most commands that one transaction carries.
pub const BATCH_SIZE_MAX: usize = 1024;

/// The most commands that wait for the engine. Each writer has an equal share of them, so that a
/// slow one leaves the others their room. One more is told to come back later.
pub const QUEUE_LENGTH_MAX: usize = 8192;

/// The most writers of one process: a hint of a route has one byte for its writer.
pub const WRITERS_MAX: usize = 64;

/// For how many cards it is remembered which writer has their account, in 8 bytes each.
pub const CARD_HINTS: usize = 1 << 20;

/// The same for authorizations.
pub const AUTHORIZATION_HINTS: usize = 1 << 20;

/// How long a caller waits for the outcome of its command.
pub const OUTCOME_WAIT_MAX: Duration = Duration::from_secs(10);

/// What a caller who was turned away is asked to wait, in seconds (`Retry-After`).
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// The most readers open at once; more reads wait for one of them.
pub const READERS_MAX: usize = 8;

/// How often the timer looks for what is due.
pub const TIMER_INTERVAL: Duration = Duration::from_secs(1);

/// The most expiries that the timer submits at a time.
pub const TIMER_BATCH_MAX: usize = 1024;

/// The most expiries that failed which one call of the timer passes by to get at others.
pub const TIMER_FAILURES_MAX: usize = 8 * TIMER_BATCH_MAX;

/// The most updates of rollouts that the timer looks at in one call, to find those that nobody
/// has answered for. A rollout waits for hours, so that a round may take its time.
pub const AWAITED_LOOKED_AT_MAX: usize = 1024;

/// The most updates that one command counts as failed.
pub const SILENT_UPDATES_MAX: usize = 256;

/// How often a process looks whether another one has changed the directory. A credential that is
/// revoked on another node is good here for about this long.
pub const DIRECTORY_INTERVAL: Duration = Duration::from_millis(200);

/// Largest request body, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Longest package for terminals, in bytes, where the installation does not say another length.
pub const PACKAGE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Longest acquirer's file or PSP's report, in bytes: some 2.8 million rows of RKHA21.
pub const SPOOLED_FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// How much of such a file is read at a time, in bytes.
pub const FILE_PIECE_BYTES: usize = 64 * 1024;

/// Most faults of such a file that are told. All are counted.
pub const FILE_FAULTS_TOLD_MAX: usize = 200;

/// How long an upload waits for its file to be applied. Longer ones are applied all the same.
pub const IMPORT_WAIT_MAX: Duration = Duration::from_secs(8);

/// How often it is looked whether a file waits to be applied.
pub const IMPORT_INTERVAL: Duration = Duration::from_millis(200);

/// The same when the store or the engine could not do it.
pub const IMPORT_INTERVAL_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// How often it is looked whether a file that was applied awaits its comparison.
pub const COMPARISON_INTERVAL: Duration = Duration::from_secs(1);

/// The same when a comparison could not be made: it may be a long one.
pub const COMPARISON_INTERVAL_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Most open findings of earlier comparisons of a batch that are looked for again, and closed where
/// they are not found.
pub const EARLIER_FINDINGS_MAX: usize = 10_000;

/// Most files that are looked at together for batches to compare.
pub const FILES_LOOKED_AT_MAX: usize = 100;

/// Most packages that are uploaded at once; one more is told to come back later.
pub const UPLOADS_MAX: usize = 4;

/// Largest upload of offline transactions, in bytes: as many as one upload may have, each as long
/// as it may be. Less than [`BODY_BYTES_STEP`].
pub const OFFLINE_UPLOAD_BYTES_MAX: usize = 128 * 1024;

/// Most items on a page of a list, and how many there are when the client does not say.
pub const PAGE_ITEMS_MAX: usize = 200;
/// See [`PAGE_ITEMS_MAX`].
pub const PAGE_ITEMS_DEFAULT: usize = 50;

/// Most rows that a list looks at to fill one page. A page may be short for it, never a list:
/// the cursor goes on where the page stopped looking.
pub const PAGE_ROWS_SCANNED_MAX: usize = 10_000;

/// Most rows of one account that a look at the past walks back over.
pub const AS_OF_ROWS_SCANNED_MAX: usize = 1_000_000;

/// Most connections that are served at once.
pub const CONNECTIONS_MAX: usize = 10_000;

/// How long a client may take to send its request's head and body.
pub const REQUEST_READ_MAX: Duration = Duration::from_secs(30);

/// How much of a long body must come in each [`REQUEST_READ_MAX`], in bytes: an upload may take as
/// long as it is at least this fast, about 9 kB a second. Longer than [`BODY_BYTES_MAX`], so that
/// no other request gets more time for it.
pub const BODY_BYTES_STEP: u64 = 256 * 1024;

/// How long a client may take no more of an answer that it is being sent.
pub const ANSWER_STALL_MAX: Duration = Duration::from_secs(30);

/// How long a shutdown waits for requests in flight.
pub const SHUTDOWN_WAIT_MAX: Duration = Duration::from_secs(20);

/// Most callers, each of one endpoint, whose calls are counted at once to throttle them. When there
/// are more, who has called least lately is forgotten.
pub const THROTTLE_SUBJECTS_MAX: usize = 10_000;

/// Most passwords that are hashed at once: each hash takes 19 MiB and a core for some time. More
/// wait for their turn.
pub const PASSWORD_HASHES_MAX: usize = 2;

/// How many devices are remembered to have shown a good token, in some 150 bytes each.
pub const KNOWN_DEVICES_MAX: usize = 100_000;

/// Most calls to one PSP at once. More wait, and take nothing from other PSPs.
pub const PSP_CALLS_MAX: usize = 512;

/// What calls to one PSP need not be kept apart by: no timer is finer.
pub const PSP_PACE_MIN: Duration = Duration::from_millis(2);

/// Most tasks that wait here for a call to one PSP. More are left in the store until they are due.
pub const PSP_TASKS_WAITING_MAX: usize = 8_192;

/// Most calls that one task at a PSP may take.
pub const PSP_CALLS_PER_TASK_MAX: usize = 8;

/// How often what has happened outside is tried to be recorded: a PSP's answer, before it is asked
/// for again, or a delivery, before it is made again.
pub const RECORD_TRIES_MAX: usize = 20;

/// How long it is waited between those tries.
pub const RECORD_INTERVAL: Duration = Duration::from_millis(50);

/// Most commands of the desk that wait for the engine at once.
pub const DESK_COMMANDS_MAX: usize = 64;

/// How often what is due at PSPs is done.
pub const DESK_INTERVAL: Duration = Duration::from_millis(50);

/// How often all that is to be done outside is looked through, what other processes have left too,
/// where that takes no longer than a [`LOOK_SHARE`]th of it.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Where it takes longer, it waits so many times as long until the next time, ...
pub const LOOK_SHARE: u32 = 100;

/// ... and at most so long.
pub const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(20);

/// How many payments are read at a time when all of a list are looked through.
pub const TASKS_READ_AT_A_TIME: usize = 500;

/// Most tasks whose time one process remembers. Others are found by looking.
pub const SCHEDULED_TASKS_MAX: usize = 100_000;

/// How long an initialize waits for what the PSP answers at once (AAPay).
pub const PSP_ANSWER_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long a batch report waits for captures of its day, in milliseconds.
pub const CAPTURES_PATIENCE_MS: i64 = 10 * 60 * 1_000;

/// How long an attempt to deliver a notification may take, from its connection to its answer.
pub const POSTING_ATTEMPT_MAX: Duration = Duration::from_secs(15);

/// The same with the wait for its turn among those to the same host.
pub const POSTING_MAX: Duration = Duration::from_secs(30);

/// Most notifications that are on their way at once.
pub const DELIVERIES_MAX: usize = 1_024;

/// Most notifications that are on their way to one receiver at once: a slow one takes no more of
/// [`DELIVERIES_MAX`] than these.
pub const DELIVERIES_TO_ONE_MAX: usize = 8;

/// Most notifications that wait here for their turn with one receiver. More are left in the store,
/// and found again when half of these are gone.
pub const DELIVERIES_WAITING_MAX: usize = 1_000;

/// Most notifications that were just written and wait for their first attempt here. More are found
/// by looking.
pub const FRESH_NOTIFICATIONS_MAX: usize = 10_000;

/// How often notifications are sent that are due.
pub const COURIER_INTERVAL: Duration = Duration::from_millis(50);

/// Most commands of the courier that wait for the engine at once.
pub const COURIER_COMMANDS_MAX: usize = 64;

/// How many partitions the two sides of a comparison are cut into. With the largest acquirer's
/// file, one of them is some 33 000 rows.
pub const SPILL_PARTITIONS: usize = 1_024;

/// How much of a partition is gathered in memory before it is written, in bytes: 4 MiB for all of
/// them.
pub const SPILL_BLOCK_BYTES: usize = 4 * 1024;

/// How many rows of the journal, or documents, a comparison reads at a time.
pub const RECONCILED_ROWS_AT_A_TIME: usize = 1_000;

/// How many days before the processing date of an acquirer's batch a transaction may be booked that
/// names it.
pub const BATCH_DAYS_BEFORE: i64 = 8;

/// The most files of one batch.
pub const BATCH_FILES_MAX: usize = 1_000;

/// How many days a payment may be held before its money moves, and is looked for in a PSP's report.
pub const PSP_DAYS_HELD_MAX: i64 = 35;

/// How many days before or after its own day a payment may be in a PSP's report.
pub const PSP_DAYS_AROUND: i64 = 3;

/// Most rows of the journal that are summed up at once. A command for them holds up its writer for
/// some milliseconds.
pub const TALLY_ROWS_MAX: usize = 2_000;

/// How often the journal is looked at for new rows, ...
pub const TALLY_INTERVAL: Duration = Duration::from_secs(1);

/// ... and how long it is left alone between two lots of rows where there are more.
pub const TALLY_PAUSE: Duration = Duration::from_millis(50);

/// The most exceptions that a report counts. One of more says that it has not counted all.
pub const REPORT_EXCEPTIONS_MAX: usize = 100_000;

/// The most days of a merchant's report.
pub const REPORT_DAYS_MAX: i32 = 366;
