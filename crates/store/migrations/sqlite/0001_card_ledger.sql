-- The card ledger. Times are milliseconds since 1970-01-01 UTC, days are days since 1970-01-01,
-- amounts are minor units. Small numbers for words are listed in src/sqlite/codes.rs.
--
-- The three tables of the journal, and its seals, are appended to in the order of their ids. What
-- changes later stands last in a row, is small, and is near the end of its table. No index here
-- but those that are read: each index whose order is random costs a page of the log per row.
-- The CHECKs are a second pair of eyes; the rules themselves are in the ledger.

CREATE TABLE authorization_ (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    company INTEGER NOT NULL,
    seller INTEGER NOT NULL,
    account INTEGER NOT NULL,
    card INTEGER,
    source TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    kind INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    point_of_sale TEXT NOT NULL,
    method INTEGER,
    channel INTEGER,
    valid_to INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    mount INTEGER NOT NULL,
    declined INTEGER,
    debt INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    previous INTEGER NOT NULL,
    state INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    last_child INTEGER NOT NULL,
    CHECK (taken BETWEEN 0 AND amount)
) STRICT;

-- What the timer looks for: live (0) and not used up. Most expire at the end of the same day, and
-- then in the order of their ids, so that it grows at its end.
CREATE INDEX authorization_due ON authorization_ (expires_at) WHERE state = 0 AND taken < amount;

CREATE TABLE transaction_ (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    company INTEGER NOT NULL,
    seller INTEGER NOT NULL,
    account INTEGER NOT NULL,
    payable INTEGER NOT NULL,
    card INTEGER,
    kind INTEGER NOT NULL,
    authorization_ INTEGER,
    corrects INTEGER,
    source TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    posted INTEGER NOT NULL CHECK (posted >= 0),
    released INTEGER NOT NULL CHECK (released >= 0),
    withdrawal INTEGER,
    currency TEXT NOT NULL,
    acquirer_batch TEXT,
    acquirer_transaction TEXT,
    receipt TEXT,
    point_of_sale TEXT,
    method INTEGER,
    channel INTEGER,
    value_date INTEGER NOT NULL,
    mount INTEGER NOT NULL,
    offline_info INTEGER NOT NULL,
    over_limit INTEGER NOT NULL,
    despite_block INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    previous INTEGER NOT NULL,
    sibling INTEGER NOT NULL,
    corrected INTEGER NOT NULL,
    last_child INTEGER NOT NULL,
    CHECK (corrected BETWEEN 0 AND posted)
) STRICT;

-- `fields` is a JSON array of [name, value] pairs.
CREATE TABLE change (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    actor TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    account INTEGER,
    previous INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    fields TEXT NOT NULL
) STRICT;

-- One per batch that wrote rows; `last` is the newest of them. This store writes lane 0; it has
-- others where the journal was moved here from a store with several writers.
CREATE TABLE seal (
    last INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    number INTEGER NOT NULL,
    first INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- `seller` is whose payable account it is; a holder's account has none.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    company INTEGER NOT NULL,
    currency TEXT NOT NULL,
    seller INTEGER,
    holder TEXT NOT NULL,
    status INTEGER NOT NULL,
    credit_limit INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    last INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;

-- `expiry` is year * 100 + month.
CREATE TABLE card (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    company INTEGER NOT NULL,
    token TEXT NOT NULL UNIQUE,
    bin TEXT,
    last4 TEXT,
    fingerprint BLOB,
    expiry INTEGER,
    status INTEGER NOT NULL,
    CHECK ((bin IS NULL) = (last4 IS NULL))
) STRICT;

CREATE INDEX card_account ON card (account);

-- What may be used once, and the row that used it. The newest keys are in one of the tables of
-- fresh keys; src/sqlite/keys.rs merges them.
CREATE TABLE used_key (
    key BLOB PRIMARY KEY,
    row INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fresh_key_0 (
    n INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    row INTEGER NOT NULL
) STRICT;

CREATE TABLE fresh_key_1 (
    n INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    row INTEGER NOT NULL
) STRICT;

-- `currencies` are codes in the order in which they were added, parted by commas.
CREATE TABLE company (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    currencies TEXT NOT NULL,
    authorization_days INTEGER NOT NULL
) STRICT;

CREATE TABLE seller (
    id INTEGER PRIMARY KEY,
    company INTEGER NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (company, number)
) STRICT;

CREATE TABLE payable (
    account INTEGER PRIMARY KEY,
    seller INTEGER NOT NULL,
    currency TEXT NOT NULL,
    UNIQUE (seller, currency)
) STRICT;

CREATE TABLE credential (
    id INTEGER PRIMARY KEY,
    contract INTEGER NOT NULL,
    label TEXT NOT NULL,
    company_number TEXT,
    seller_number TEXT,
    secret_hash BLOB NOT NULL UNIQUE,
    salt BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER,
    CHECK (company_number IS NOT NULL OR seller_number IS NULL)
) STRICT;

-- `directory_version` counts the changes of companies, sellers and credentials, so that a reader
-- knows when to load them again; `directory_newest` is the newest row that changed them.
-- `reopenings` counts the recoveries from a failed disk.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('directory_version', 0), ('directory_newest', 0), ('reopenings', 0);
