-- Version 3. What was counted at each TTL stands in the row of its trace instead of in rows of its own, which took more
-- space and time than all else together. People go on reading it in the view `hops`; what the last hop said has columns,
-- which one index holds with all else that the history of a target is made of.

DROP VIEW TRACE;
DROP VIEW hops;
DROP VIEW traces;
DROP INDEX measurement_started;
DROP INDEX measurement_address;
DROP INDEX measurement_pending;
ALTER TABLE measurement RENAME TO measurement_2;

-- One row a trace. People read `traces`.
CREATE TABLE measurement (
    key INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    id TEXT GENERATED ALWAYS AS (
        lower(substr(hex(uuid), 1, 8) || '-' || substr(hex(uuid), 9, 4) || '-' || substr(hex(uuid), 13, 4) || '-'
            || substr(hex(uuid), 17, 4) || '-' || substr(hex(uuid), 21))
    ) VIRTUAL UNIQUE,
    setup INTEGER NOT NULL REFERENCES setup,
    address INTEGER REFERENCES address,
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
    -- Read the view `hops`. Of each TTL from the first on: the least RTT in microseconds (null if nobody answered), by how
    -- much the median is longer, probes sent, probes lost. What is missing at the end is 0, 1 and 0.
    hops TEXT NOT NULL,
    -- When each probe left and how long its answer took, packed.
    times BLOB NOT NULL
) STRICT;

INSERT INTO measurement (key, uuid, setup, address, started, duration_ns, outcome, outcome_detail, path, shape, atlas,
    narrowed, judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times)
SELECT
    m.key, m.uuid, m.setup, m.address, m.started, m.duration_ns, m.outcome, m.outcome_detail, m.path, m.shape, m.atlas,
    m.narrowed, m.judgement, m.consistency, m.document, l.sent, l.sent - l.answered, l.min_us, l.median_us,
    coalesce((SELECT min(ttl) FROM hop WHERE key BETWEEN m.key * 256 AND m.key * 256 + 255), 1),
    (SELECT '[' || coalesce(group_concat(hop, ','), '') || ']' FROM (
        SELECT CASE
            WHEN sent <> answered THEN json_array(min_us, median_us - min_us, sent, sent - answered)
            WHEN sent <> 1 THEN json_array(min_us, median_us - min_us, sent)
            WHEN median_us <> min_us THEN json_array(min_us, median_us - min_us)
            ELSE json_array(min_us)
        END AS hop
        FROM hop WHERE key BETWEEN m.key * 256 AND m.key * 256 + 255 ORDER BY key)),
    m.times
FROM measurement_2 AS m
JOIN path AS p ON p.id = m.path
LEFT JOIN hop AS l ON l.key = m.key * 256 + p.last_ttl
ORDER BY m.key;
DROP TABLE measurement_2;
DROP TABLE hop;

CREATE INDEX measurement_started ON measurement (started);
-- All that tells how the traces to a target followed one another is read from here alone.
CREATE INDEX measurement_series ON measurement (setup, started, path, outcome, least_us, median_us, sent, lost);
CREATE INDEX measurement_pending ON measurement (key) WHERE document = 2;

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
    s.document ->> '$.settings.mark' AS mark
FROM measurement AS m
JOIN setup AS s ON s.id = m.setup
JOIN path AS p ON p.id = m.path
LEFT JOIN address AS a ON a.id = m.address;

CREATE VIEW hops AS
SELECT
    m.id AS trace,
    ph.ttl AS ttl,
    iif(coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 2, 1) > coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 3, 0)
        OR m.hops -> (ph.ttl - m.first_ttl) ->> 2 = 0, a.ip, NULL) AS ip,
    coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 2, 1) AS sent,
    coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 2, 1) - coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 3, 0) AS answered,
    (m.hops -> (ph.ttl - m.first_ttl) ->> 0) / 1e3 AS min_ms,
    ((m.hops -> (ph.ttl - m.first_ttl) ->> 0) + coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 1, 0)) / 1e3 AS median_ms
FROM measurement AS m
JOIN path_hop AS ph ON ph.path = m.path
LEFT JOIN address AS a ON a.id = ph.address;

-- The table of the scripts that came before, with what they meant to write. A hop whose own probes were all lost is
-- silent.
CREATE VIEW TRACE (ID, HOP, IP, COUNTRY, CITY, ISP, LATITUDE, LONGITUDE, DATE_CREATED) AS
SELECT
    m.id,
    ph.ttl,
    a.ip,
    l.country,
    l.city,
    l.isp,
    l.latitude,
    l.longitude,
    strftime('%Y-%m-%dT%H:%M:%S', (m.started - (m.started % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')
        || printf('.%09dZ', (m.started % 1000000000 + 1000000000) % 1000000000)
FROM measurement AS m
JOIN path_hop AS ph ON ph.path = m.path
LEFT JOIN address AS a ON a.id = ph.address
    AND (coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 2, 1) > coalesce(m.hops -> (ph.ttl - m.first_ttl) ->> 3, 0)
        OR m.hops -> (ph.ttl - m.first_ttl) ->> 2 = 0)
LEFT JOIN atlas_place AS ap ON ap.atlas = m.atlas AND ap.address = a.id
LEFT JOIN located AS l ON l.id = ap.located;
