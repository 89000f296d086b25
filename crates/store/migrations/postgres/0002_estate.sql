-- What an application or a consumer shows beside its secret, and the customer below whom a
-- credential reaches.
ALTER TABLE credential ADD COLUMN IF NOT EXISTS login TEXT;

ALTER TABLE credential ADD COLUMN IF NOT EXISTS customer INT8;

CREATE UNIQUE INDEX IF NOT EXISTS credential_login ON credential (contract, login)
    WHERE login IS NOT NULL;

-- Customers, requests, terminals, packages, updates, rollouts. `fields` is an object of texts;
-- `names` and `lists` are arrays of texts, which the two tables below have turned round.
CREATE TABLE IF NOT EXISTS document (
    kind INT8 NOT NULL,
    number INT8 NOT NULL,
    fields TEXT NOT NULL,
    names TEXT NOT NULL,
    lists TEXT NOT NULL,
    PRIMARY KEY (kind, number)
);

CREATE TABLE IF NOT EXISTS document_name (
    name TEXT PRIMARY KEY,
    kind INT8 NOT NULL,
    number INT8 NOT NULL
);

CREATE TABLE IF NOT EXISTS document_list (
    list TEXT NOT NULL,
    number INT8 NOT NULL,
    kind INT8 NOT NULL,
    PRIMARY KEY (list, number, kind)
);

-- How often a batch that had read a list whole put documents on it. Of each list there is the row
-- of the newest time, whose key is what two batches cannot both write.
CREATE TABLE IF NOT EXISTS list_version (
    list TEXT NOT NULL,
    version INT8 NOT NULL,
    PRIMARY KEY (list, version)
);
