-- What an application or a consumer shows beside its secret, and the customer below whom a
-- credential reaches.
ALTER TABLE credential ADD COLUMN login TEXT;
ALTER TABLE credential ADD COLUMN customer INTEGER;

CREATE UNIQUE INDEX credential_login ON credential (contract, login) WHERE login IS NOT NULL;

-- Customers, requests, terminals, packages, updates, rollouts. `fields` is an object of texts;
-- `names` and `lists` are arrays of texts, which the two tables below have turned round.
CREATE TABLE document (
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL,
    fields TEXT NOT NULL,
    names TEXT NOT NULL,
    lists TEXT NOT NULL,
    PRIMARY KEY (kind, number)
) STRICT;

CREATE TABLE document_name (
    name TEXT PRIMARY KEY,
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document_list (
    list TEXT NOT NULL,
    number INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (list, number, kind)
) STRICT, WITHOUT ROWID;
