-- Version 6. A trace is found by its key alone: that is when it started, and the first 48 bits of its id say the same in
-- milliseconds. So neither times nor ids need an index, which took more space and time than the rows. Traces of which that is
-- not true (their ids do not tell their time, others started in the same nanosecond, they came in much later) lie apart: their
-- keys are below 0, in the order in which they were stored, and they alone have those two indexes.
--
-- What a trace goes to stands in its setup alone.

DROP VIEW TRACE;
DROP VIEW hops;
DROP VIEW counted;
DROP VIEW traces;
DROP INDEX measurement_series;
DROP INDEX measurement_pending;
ALTER TABLE measurement RENAME TO measurement_5;

-- One row a trace. People read `traces`.
CREATE TABLE measurement (
    -- `started`, unless it lies apart.
    key INTEGER PRIMARY KEY CHECK (key < 0 OR key = started),
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    id TEXT GENERATED ALWAYS AS (
        lower(hex(substr(uuid, 1, 4)) || '-' || hex(substr(uuid, 5, 2)) || '-' || hex(substr(uuid, 7, 2)) || '-'
            || hex(substr(uuid, 9, 2)) || '-' || hex(substr(uuid, 11)))
    ) VIRTUAL,
    -- The first digits of the id: 65536 milliseconds begin alike.
    time TEXT GENERATED ALWAYS AS (hex(substr(uuid, 1, 4))) VIRTUAL,
    setup INTEGER NOT NULL REFERENCES setup,
    -- Nanoseconds since 1970 UTC.
    started INTEGER NOT NULL,
    duration_ns INTEGER,
    -- 0 reached, 1 unreachable, 2 loop, 3 exhausted, 4 interrupted.
    outcome INTEGER,
    outcome_detail TEXT,
    path INTEGER NOT NULL REFERENCES path,
    shape INTEGER NOT NULL REFERENCES shape,
    atlas INTEGER REFERENCES atlas,
    -- 1 if the trace has only those of the atlas who answered it.
    narrowed INTEGER NOT NULL,
    judgement INTEGER REFERENCES judgement,
    consistency REAL,
    -- 0 has none, 1 written, 2 pending.
    document INTEGER NOT NULL,
    -- Probes sent with the last TTL of the path, and lost; the least and the median RTT of its answers in microseconds.
    sent INTEGER,
    lost INTEGER,
    least_us INTEGER,
    median_us INTEGER,
    first_ttl INTEGER NOT NULL,
    -- Read the view `hops`. What was counted at each TTL from the first on: see version 5, or version 3 where it begins with
    -- a bracket.
    hops TEXT NOT NULL,
    -- When each probe left and how long its answer took, packed.
    times BLOB NOT NULL
) STRICT;

INSERT INTO measurement (key, uuid, setup, started, duration_ns, outcome, outcome_detail, path, shape, atlas, narrowed,
    judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times)
SELECT -9223372036854775808 + key, uuid, setup, started, duration_ns, outcome, outcome_detail, path, shape, atlas, narrowed,
    judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times
FROM measurement_5 AS m
WHERE started < 0 OR hex(substr(uuid, 1, 6)) <> printf('%012X', started / 1000000)
    OR EXISTS (SELECT 1 FROM measurement_5 AS other WHERE other.started = m.started AND other.key < m.key)
ORDER BY key;

INSERT INTO measurement (key, uuid, setup, started, duration_ns, outcome, outcome_detail, path, shape, atlas, narrowed,
    judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times)
SELECT started, uuid, setup, started, duration_ns, outcome, outcome_detail, path, shape, atlas, narrowed,
    judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times
FROM measurement_5 AS m
WHERE started >= 0 AND hex(substr(uuid, 1, 6)) = printf('%012X', started / 1000000)
    AND NOT EXISTS (SELECT 1 FROM measurement_5 AS other WHERE other.started = m.started AND other.key < m.key)
ORDER BY started;
DROP TABLE measurement_5;

CREATE UNIQUE INDEX measurement_apart_id ON measurement (id) WHERE key < 0;
CREATE INDEX measurement_apart_started ON measurement (started) WHERE key < 0;
-- All that tells how the traces to a target followed one another is read from here alone.
CREATE INDEX measurement_series ON measurement (setup, started, path, outcome, least_us, median_us, sent, lost);
CREATE INDEX measurement_pending ON measurement (key) WHERE document = 2;

-- The traces, for the views below. What is asked of them holds for each. Where an id is asked for, SQLite puts that in the place
-- of the column, and what follows for `time` in the place of that one: so it knows between which keys the trace is. (The first
-- digit is always 0.)
CREATE VIEW known AS
SELECT key, uuid, id, setup, started, duration_ns, outcome, outcome_detail, path, atlas, consistency, document, first_ttl, hops
FROM measurement
WHERE time = upper(substr(id, 1, 8)) AND (key < 0 OR key BETWEEN
    instr('123456789ABCDEF', substr(time, 2, 1)) * 1099511627776000000
        + instr('123456789ABCDEF', substr(time, 3, 1)) * 68719476736000000
        + instr('123456789ABCDEF', substr(time, 4, 1)) * 4294967296000000
        + instr('123456789ABCDEF', substr(time, 5, 1)) * 268435456000000
        + instr('123456789ABCDEF', substr(time, 6, 1)) * 16777216000000
        + instr('123456789ABCDEF', substr(time, 7, 1)) * 1048576000000
        + instr('123456789ABCDEF', substr(time, 8, 1)) * 65536000000
    AND 65535999999
        + instr('123456789ABCDEF', substr(time, 2, 1)) * 1099511627776000000
        + instr('123456789ABCDEF', substr(time, 3, 1)) * 68719476736000000
        + instr('123456789ABCDEF', substr(time, 4, 1)) * 4294967296000000
        + instr('123456789ABCDEF', substr(time, 5, 1)) * 268435456000000
        + instr('123456789ABCDEF', substr(time, 6, 1)) * 16777216000000
        + instr('123456789ABCDEF', substr(time, 7, 1)) * 1048576000000
        + instr('123456789ABCDEF', substr(time, 8, 1)) * 65536000000);

CREATE VIEW traces AS
SELECT
    m.id AS id,
    s.target AS target,
    a.ip AS address,
    strftime('%Y-%m-%dT%H:%M:%S', (m.started - (m.started % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')
        || printf('.%09dZ', (m.started % 1000000000 + 1000000000) % 1000000000) AS started,
    m.duration_ns / 1e6 AS duration_ms,
    CASE m.outcome WHEN 0 THEN 'reached' WHEN 1 THEN 'unreachable' WHEN 2 THEN 'loop' WHEN 3 THEN 'exhausted'
        WHEN 4 THEN 'interrupted' END AS outcome,
    m.outcome_detail AS outcome_detail,
    p.last_ttl AS hops,
    s.protocol AS protocol,
    s.mode AS mode,
    s.vantage AS vantage,
    s.kind AS kind,
    printf('%016x', p.hash) AS path,
    m.consistency AS consistency,
    CASE m.document WHEN 1 THEN 'written' WHEN 2 THEN 'pending' END AS document,
    -- The address the probes left from, and the one that was asked for.
    s.document ->> '$.source' AS source,
    s.document ->> '$.settings.source' AS asked_source,
    s.document ->> '$.settings.interface' AS interface,
    s.document ->> '$.settings.queries' AS queries,
    s.document ->> '$.settings.first_ttl' AS first_ttl,
    s.document ->> '$.settings.max_ttl' AS max_ttl,
    s.document ->> '$.settings.flows' AS flows,
    -- A number, or 'forever'.
    s.document ->> '$.settings.rounds' AS rounds,
    s.document ->> '$.settings.port' AS port,
    s.document ->> '$.settings.source_port' AS source_port,
    s.document ->> '$.settings.size' AS size,
    s.document ->> '$.settings.tos' AS tos,
    s.document ->> '$.settings.flow_label' AS flow_label,
    s.document ->> '$.settings.dont_fragment' AS dont_fragment,
    s.document ->> '$.settings.mark' AS mark,
    m.key AS key
FROM known AS m
JOIN setup AS s ON s.id = m.setup
JOIN path AS p ON p.id = m.path
LEFT JOIN address AS a ON a.id = s.address;

-- What was counted at each TTL of each trace, for the views below.
CREATE VIEW counted AS
SELECT
    key, id, started, atlas, ttl, address, least, over,
    coalesce(sent, usual) AS sent,
    coalesce(lost, iif(least IS NULL, coalesce(sent, usual), 0)) AS lost
FROM (
    SELECT
        key, id, started, atlas, ttl, address,
        most - iif(most > 57343, 2050, 2) AS usual,
        CASE width WHEN '[' THEN hop ->> 0 ELSE first - iif(first > 57343, 2050, 2) END AS least,
        CASE width WHEN '[' THEN hop ->> 1 ELSE second - iif(second > 57343, 2050, 2) END AS over,
        CASE width WHEN '[' THEN coalesce(hop ->> 3, 0) ELSE third - iif(third > 57343, 2050, 2) END AS lost,
        CASE width WHEN '[' THEN coalesce(hop ->> 2, 1) ELSE fourth - iif(fourth > 57343, 2050, 2) END AS sent
    FROM (
        SELECT
            m.key AS key, m.id AS id, m.started AS started, m.atlas AS atlas, ph.ttl AS ttl, ph.address AS address,
            substr(m.hops, 1, 1) AS width,
            unicode(substr(m.hops, 2, 1)) AS most,
            CASE WHEN m.hops LIKE '[%' THEN m.hops -> (ph.ttl - m.first_ttl) END AS hop,
            nullif(unicode(substr(m.hops, 3 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), 1) AS first,
            iif(substr(m.hops, 1, 1) > '1', unicode(substr(m.hops, 4 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS second,
            iif(substr(m.hops, 1, 1) > '2', unicode(substr(m.hops, 5 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS third,
            iif(substr(m.hops, 1, 1) > '3', unicode(substr(m.hops, 6 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS fourth
        FROM known AS m
        JOIN path_hop AS ph ON ph.path = m.path
    )
);

CREATE VIEW hops AS
SELECT
    c.id AS trace,
    c.ttl AS ttl,
    iif(c.sent > c.lost OR c.sent = 0, a.ip, NULL) AS ip,
    c.sent AS sent,
    c.sent - c.lost AS answered,
    c.least / 1e3 AS min_ms,
    (c.least + coalesce(c.over, 0)) / 1e3 AS median_ms,
    c.key AS key
FROM counted AS c
LEFT JOIN address AS a ON a.id = c.address;

-- The table of the scripts that came before, with what they meant to write. A hop whose own probes were all lost is
-- silent.
CREATE VIEW TRACE (ID, HOP, IP, COUNTRY, CITY, ISP, LATITUDE, LONGITUDE, DATE_CREATED) AS
SELECT
    c.id,
    c.ttl,
    a.ip,
    l.country,
    l.city,
    l.isp,
    l.latitude,
    l.longitude,
    strftime('%Y-%m-%dT%H:%M:%S', (c.started - (c.started % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')
        || printf('.%09dZ', (c.started % 1000000000 + 1000000000) % 1000000000)
FROM counted AS c
LEFT JOIN address AS a ON a.id = c.address AND (c.sent > c.lost OR c.sent = 0)
LEFT JOIN atlas_place AS ap ON ap.atlas = c.atlas AND ap.address = a.id
LEFT JOIN located AS l ON l.id = ap.located;
