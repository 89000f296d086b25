-- What a company's own account is for; others have none. Nobody holds them, and there is no limit
-- that could be lent on them.
ALTER TABLE account ADD COLUMN house INTEGER
    CHECK (house IS NULL
        OR (seller IS NULL AND holder = '' AND credit_limit = 0 AND reserved = 0));

CREATE UNIQUE INDEX account_house ON account (company, house, currency) WHERE house IS NOT NULL;
