-- Version 5. What was counted at each TTL takes a letter a number instead of its digits: see `measurement.hops`. Rows from
-- before hold theirs as JSON; the views read both.
--
-- `hops` begins with the letters a hop has, 1 to 4, and the probes that most TTLs were sent. Of each TTL from the first on
-- follow: the least RTT in microseconds (letter 1 if nobody answered), by how much the median is longer, probes lost, probes
-- sent. What hops have no letter for is 0, none (all, if nobody answered), and as many as most. A number stands as the
-- character whose code is 2 more, and beyond the surrogates, which are no characters, 2048 more than that.

DROP VIEW TRACE;
DROP VIEW hops;

-- What was counted at each TTL of each trace, for the views below.
CREATE VIEW counted AS
SELECT
    id, started, atlas, ttl, address, least, over,
    coalesce(sent, usual) AS sent,
    coalesce(lost, iif(least IS NULL, coalesce(sent, usual), 0)) AS lost
FROM (
    SELECT
        id, started, atlas, ttl, address,
        most - iif(most > 57343, 2050, 2) AS usual,
        CASE width WHEN '[' THEN hop ->> 0 ELSE first - iif(first > 57343, 2050, 2) END AS least,
        CASE width WHEN '[' THEN hop ->> 1 ELSE second - iif(second > 57343, 2050, 2) END AS over,
        CASE width WHEN '[' THEN coalesce(hop ->> 3, 0) ELSE third - iif(third > 57343, 2050, 2) END AS lost,
        CASE width WHEN '[' THEN coalesce(hop ->> 2, 1) ELSE fourth - iif(fourth > 57343, 2050, 2) END AS sent
    FROM (
        SELECT
            m.id AS id, m.started AS started, m.atlas AS atlas, ph.ttl AS ttl, ph.address AS address,
            substr(m.hops, 1, 1) AS width,
            unicode(substr(m.hops, 2, 1)) AS most,
            CASE WHEN m.hops LIKE '[%' THEN m.hops -> (ph.ttl - m.first_ttl) END AS hop,
            nullif(unicode(substr(m.hops, 3 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), 1) AS first,
            iif(substr(m.hops, 1, 1) > '1', unicode(substr(m.hops, 4 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS second,
            iif(substr(m.hops, 1, 1) > '2', unicode(substr(m.hops, 5 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS third,
            iif(substr(m.hops, 1, 1) > '3', unicode(substr(m.hops, 6 + (ph.ttl - m.first_ttl) * substr(m.hops, 1, 1), 1)), NULL) AS fourth
        FROM measurement AS m
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
    (c.least + coalesce(c.over, 0)) / 1e3 AS median_ms
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
