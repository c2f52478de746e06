-- Version 2. What was settled before a trace began grows: it stands in `setup.document`, and `traces` shows all of it.
-- A setup that was written before says nothing of what did not exist then: those columns are NULL.

DROP VIEW traces;

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
