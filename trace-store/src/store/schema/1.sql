-- Version 1. What repeats from trace to trace is interned: stored once, found by the hash of its bytes, pointed to
-- by a small number. People read the views at the end; `id` is the text by which a trace goes everywhere.

CREATE TABLE address (
    id INTEGER PRIMARY KEY,
    ip TEXT NOT NULL UNIQUE
) STRICT;

-- What was settled before a trace began. `document` holds all of it as it stands in a JSON document.
CREATE TABLE setup (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    kind TEXT NOT NULL,
    vantage TEXT,
    target TEXT,
    address INTEGER REFERENCES address,
    protocol TEXT,
    mode TEXT,
    document TEXT NOT NULL,
    -- Start and path length of the newest trace that reached its target: a hint that steers the next one.
    reached_started INTEGER,
    reached_ttl INTEGER,
    -- What the last trace was stored as that could not be stored as one before it.
    base_shape INTEGER REFERENCES shape,
    base_path INTEGER REFERENCES path,
    base_atlas INTEGER REFERENCES atlas
) STRICT;
CREATE INDEX setup_hash ON setup (hash);
CREATE INDEX setup_address ON setup (address, protocol);

-- Who answers first at each TTL. A hop of which every packet was lost is known by its row in `hop`: that alone
-- does not make another path.
CREATE TABLE path (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    last_ttl INTEGER,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX path_hash ON path (hash);

CREATE TABLE path_hop (
    path INTEGER NOT NULL REFERENCES path ON DELETE CASCADE,
    ttl INTEGER NOT NULL,
    address INTEGER REFERENCES address,
    PRIMARY KEY (path, ttl)
) STRICT, WITHOUT ROWID;

-- Everything of a trace's probes but time, packed.
CREATE TABLE shape (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX shape_hash ON shape (hash);

-- What the sources said of an address. `document` holds all of it as it stands in a JSON document.
CREATE TABLE located (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    country TEXT,
    city TEXT,
    isp TEXT,
    asn INTEGER,
    latitude REAL,
    longitude REAL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX located_hash ON located (hash);

-- Which of that belongs to a trace.
CREATE TABLE atlas (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX atlas_hash ON atlas (hash);

CREATE TABLE atlas_place (
    atlas INTEGER NOT NULL REFERENCES atlas ON DELETE CASCADE,
    address INTEGER NOT NULL REFERENCES address,
    located INTEGER NOT NULL REFERENCES located,
    PRIMARY KEY (atlas, address)
) STRICT, WITHOUT ROWID;

-- What physics said of it, packed.
CREATE TABLE judgement (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX judgement_hash ON judgement (hash);

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
    -- When each probe left and how long its answer took, packed.
    times BLOB NOT NULL
) STRICT;
CREATE INDEX measurement_started ON measurement (started);
-- The path stands in it so that the eras of a target are read from here alone.
CREATE INDEX measurement_address ON measurement (address, started, path);
CREATE INDEX measurement_pending ON measurement (key) WHERE document = 2;

-- One row a trace and TTL: read `trace`, `ttl`, `sent`, `answered`, `min_us` and `median_us`. They are computed from
-- three numbers that take little space: `key` is the trace's key times 256, plus the TTL, so that rows of one trace
-- lie side by side; `counts` is 2^32 times the probes lost, plus the probes sent less one; `rtts` is 2^32 times the
-- microseconds from the least RTT to the median, plus the least.
CREATE TABLE hop (
    key INTEGER PRIMARY KEY,
    counts INTEGER NOT NULL,
    rtts INTEGER,
    trace INTEGER GENERATED ALWAYS AS (key >> 8) VIRTUAL,
    ttl INTEGER GENERATED ALWAYS AS (key & 255) VIRTUAL,
    sent INTEGER GENERATED ALWAYS AS (((counts + 1) & 4294967295)) VIRTUAL,
    answered INTEGER GENERATED ALWAYS AS (((counts + 1) & 4294967295) - ((counts + 1) >> 32)) VIRTUAL,
    min_us INTEGER GENERATED ALWAYS AS (rtts & 4294967295) VIRTUAL,
    median_us INTEGER GENERATED ALWAYS AS ((rtts & 4294967295) + (rtts >> 32)) VIRTUAL
) STRICT;

-- Goes up whenever rows are removed that other rows point to: who remembers their numbers forgets them then.
CREATE TABLE epoch (
    number INTEGER NOT NULL
) STRICT;
INSERT INTO epoch VALUES (0);

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
    CASE m.document WHEN 1 THEN 'written' WHEN 2 THEN 'pending' END AS document
FROM measurement AS m
JOIN setup AS s ON s.id = m.setup
JOIN path AS p ON p.id = m.path
LEFT JOIN address AS a ON a.id = m.address;

CREATE VIEW hops AS
SELECT
    m.id AS trace,
    h.ttl AS ttl,
    a.ip AS ip,
    h.sent AS sent,
    h.answered AS answered,
    h.min_us / 1e3 AS min_ms,
    h.median_us / 1e3 AS median_ms
FROM measurement AS m
JOIN hop AS h ON h.key BETWEEN m.key * 256 AND m.key * 256 + 255
LEFT JOIN path_hop AS ph ON ph.path = m.path AND ph.ttl = h.key & 255
LEFT JOIN address AS a ON a.id = ph.address AND (h.answered > 0 OR h.sent = 0);

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
JOIN hop AS h ON h.key = m.key * 256 + ph.ttl
LEFT JOIN address AS a ON a.id = ph.address AND (h.answered > 0 OR h.sent = 0)
LEFT JOIN atlas_place AS ap ON ap.atlas = m.atlas AND ap.address = a.id
LEFT JOIN located AS l ON l.id = ap.located;
