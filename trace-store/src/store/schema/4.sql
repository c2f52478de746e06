-- Version 4. The reasons of a judgement are stored once each, without the times that follow from the measurement; a judgement
-- points to them. Judgements from before hold theirs as text.

CREATE TABLE reason (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX reason_hash ON reason (hash);
