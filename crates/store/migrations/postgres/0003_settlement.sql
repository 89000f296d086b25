-- What a company's own account is for; others have none. Nobody holds them, and there is no limit
-- that could be lent on them.
ALTER TABLE account ADD COLUMN IF NOT EXISTS house INT8
    CHECK (house IS NULL
        OR (seller IS NULL AND holder = '' AND credit_limit = 0 AND reserved = 0));

-- Finds them all: there are few among many.
CREATE INDEX IF NOT EXISTS account_house ON account (company, id) WHERE house IS NOT NULL;
