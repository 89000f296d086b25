-- The card ledger. Times are milliseconds since 1970-01-01 UTC, days are days since 1970-01-01,
-- amounts are minor units. Small numbers for words are listed in src/codes.rs.
--
-- Tables of a company's rows have keys that begin with the company, so that they can be spread
-- over machines by it; company 0 is the installation. The others are small, or written seldom.
-- Only INT8, TEXT and BYTEA; no sequences, triggers or stored procedures. Every statement is a
-- transaction of its own and may be run again: what is there is left as it is.
-- The CHECKs are a second pair of eyes; the rules themselves are in the ledger.

CREATE TABLE IF NOT EXISTS authorization_ (
    id INT8 NOT NULL,
    at INT8 NOT NULL,
    company INT8 NOT NULL,
    seller INT8 NOT NULL,
    account INT8 NOT NULL,
    card INT8,
    source TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    kind INT8 NOT NULL,
    amount INT8 NOT NULL,
    currency TEXT NOT NULL,
    point_of_sale TEXT NOT NULL,
    method INT8,
    channel INT8,
    valid_to INT8 NOT NULL,
    expires_at INT8 NOT NULL,
    mount INT8 NOT NULL,
    declined INT8,
    debt INT8 NOT NULL,
    reserved INT8 NOT NULL CHECK (reserved >= 0),
    previous INT8 NOT NULL,
    state INT8 NOT NULL,
    taken INT8 NOT NULL,
    last_child INT8 NOT NULL,
    PRIMARY KEY (company, id),
    CHECK (taken >= 0 AND taken <= amount)
);

-- What the timer looks for: live (0) and not used up.
CREATE INDEX IF NOT EXISTS authorization_due ON authorization_ (expires_at)
    WHERE state = 0 AND taken < amount;

CREATE TABLE IF NOT EXISTS transaction_ (
    id INT8 NOT NULL,
    at INT8 NOT NULL,
    company INT8 NOT NULL,
    seller INT8 NOT NULL,
    account INT8 NOT NULL,
    payable INT8 NOT NULL,
    card INT8,
    kind INT8 NOT NULL,
    authorization_ INT8,
    corrects INT8,
    source TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    posted INT8 NOT NULL CHECK (posted >= 0),
    released INT8 NOT NULL CHECK (released >= 0),
    withdrawal INT8,
    currency TEXT NOT NULL,
    acquirer_batch TEXT,
    acquirer_transaction TEXT,
    receipt TEXT,
    point_of_sale TEXT,
    method INT8,
    channel INT8,
    value_date INT8 NOT NULL,
    mount INT8 NOT NULL,
    offline_info INT8 NOT NULL,
    over_limit INT8 NOT NULL,
    despite_block INT8 NOT NULL,
    debt INT8 NOT NULL,
    reserved INT8 NOT NULL CHECK (reserved >= 0),
    previous INT8 NOT NULL,
    sibling INT8 NOT NULL,
    corrected INT8 NOT NULL,
    last_child INT8 NOT NULL,
    PRIMARY KEY (company, id),
    CHECK (corrected >= 0 AND corrected <= posted)
);

-- `company` is that of the account that the change is about, if there is one. `fields` is a JSON
-- array of [name, value] pairs.
CREATE TABLE IF NOT EXISTS change (
    company INT8 NOT NULL,
    id INT8 NOT NULL,
    at INT8 NOT NULL,
    kind INT8 NOT NULL,
    subject INT8 NOT NULL,
    actor TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    account INT8,
    previous INT8 NOT NULL,
    debt INT8 NOT NULL,
    reserved INT8 NOT NULL CHECK (reserved >= 0),
    fields TEXT NOT NULL,
    PRIMARY KEY (company, id)
);

-- What may be used once, and the row that used it. The last guard against two writers that do the
-- same at the same time. What a change uses is used in the whole installation.
CREATE TABLE IF NOT EXISTS used_key (
    company INT8 NOT NULL,
    key BYTEA NOT NULL,
    row INT8 NOT NULL,
    PRIMARY KEY (company, key)
);

-- `seller` is whose payable account it is; a holder's account has none. Half of each page is left
-- free, so that a new version of a row finds room beside the old one.
CREATE TABLE IF NOT EXISTS account (
    id INT8 NOT NULL,
    company INT8 NOT NULL,
    currency TEXT NOT NULL,
    seller INT8,
    holder TEXT NOT NULL,
    status INT8 NOT NULL,
    credit_limit INT8 NOT NULL,
    debt INT8 NOT NULL,
    reserved INT8 NOT NULL CHECK (reserved >= 0),
    last INT8 NOT NULL,
    last_at INT8 NOT NULL,
    PRIMARY KEY (company, id)
) WITH (fillfactor = 50);

-- One per batch that wrote rows. Its key is what keeps a writer that has lost its lane from
-- going on in it.
CREATE TABLE IF NOT EXISTS seal (
    lane INT8 NOT NULL,
    number INT8 NOT NULL,
    first INT8 NOT NULL,
    last INT8 NOT NULL,
    rows INT8 NOT NULL,
    at INT8 NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (lane, number)
);

-- Finds the seals of a part of the journal, whatever their lanes.
CREATE INDEX IF NOT EXISTS seal_last ON seal (last);

-- Who writes a lane: the holder of its newest epoch, until a time of the database's clock.
CREATE TABLE IF NOT EXISTS lane (
    id INT8 PRIMARY KEY,
    epoch INT8 NOT NULL,
    holder TEXT NOT NULL,
    until INT8 NOT NULL
) WITH (fillfactor = 50);

-- Who does what only one node does at a time.
CREATE TABLE IF NOT EXISTS turn (
    duty TEXT PRIMARY KEY,
    epoch INT8 NOT NULL,
    holder TEXT NOT NULL,
    until INT8 NOT NULL
) WITH (fillfactor = 50);

-- One row, id 1: the greatest id that was ever given to a batch.
CREATE TABLE IF NOT EXISTS journal (
    id INT8 PRIMARY KEY,
    newest INT8 NOT NULL
) WITH (fillfactor = 10);

-- `expiry` is year * 100 + month. A token names a card in the whole installation.
CREATE TABLE IF NOT EXISTS card (
    id INT8 PRIMARY KEY,
    account INT8 NOT NULL,
    company INT8 NOT NULL,
    token TEXT NOT NULL,
    bin TEXT,
    last4 TEXT,
    fingerprint BYTEA,
    expiry INT8,
    status INT8 NOT NULL,
    CHECK ((bin IS NULL) = (last4 IS NULL))
);

CREATE UNIQUE INDEX IF NOT EXISTS card_token ON card (token);

CREATE UNIQUE INDEX IF NOT EXISTS card_fingerprint ON card (fingerprint);

CREATE INDEX IF NOT EXISTS card_account ON card (account, id);

-- `currencies` are codes in the order in which they were added, parted by commas.
CREATE TABLE IF NOT EXISTS company (
    id INT8 PRIMARY KEY,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    currencies TEXT NOT NULL,
    authorization_days INT8 NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS company_number ON company (number);

CREATE TABLE IF NOT EXISTS seller (
    id INT8 PRIMARY KEY,
    company INT8 NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS seller_number ON seller (company, number);

CREATE TABLE IF NOT EXISTS payable (
    account INT8 PRIMARY KEY,
    seller INT8 NOT NULL,
    currency TEXT NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS payable_seller ON payable (seller, currency);

CREATE TABLE IF NOT EXISTS credential (
    id INT8 PRIMARY KEY,
    contract INT8 NOT NULL,
    label TEXT NOT NULL,
    company_number TEXT,
    seller_number TEXT,
    secret_hash BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    created_at INT8 NOT NULL,
    expires_at INT8,
    revoked_at INT8,
    last_used_at INT8,
    CHECK (company_number IS NOT NULL OR seller_number IS NULL)
);

CREATE UNIQUE INDEX IF NOT EXISTS credential_secret_hash ON credential (secret_hash);

-- `directory_version` counts the changes of companies, sellers and credentials, so that a writer
-- knows when to load them again; `directory_newest` is the newest row that changed them.
CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY,
    value INT8 NOT NULL
);

-- `key_fingerprint` is a hash of the key that the installation is used with.
CREATE TABLE IF NOT EXISTS installation (
    id INT8 PRIMARY KEY,
    key_fingerprint BYTEA NOT NULL
);

INSERT INTO journal VALUES (1, 0) ON CONFLICT (id) DO NOTHING;

INSERT INTO meta VALUES ('directory_version', 0), ('directory_newest', 0)
    ON CONFLICT (name) DO NOTHING;
