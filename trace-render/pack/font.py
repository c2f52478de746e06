#!/usr/bin/env python3
"""Packs the typeface: data/NotoSans-Regular.ttf and data/NotoSans-SemiBold.ttf.

Run by a maintainer, never by the build:

    npm pack @fontsource/noto-sans@5.3.0 && tar xzf fontsource-noto-sans-5.3.0.tgz
    python3 -m venv venv && venv/bin/pip install fonttools brotli
    venv/bin/python pack/font.py package data

The package brings one file per script. Latin, Latin extended and Vietnamese are merged, reduced to their outlines,
widths and pair kerning (as a `kern` table, which can be read without a shaping engine), hints and layout dropped.
"""

import sys
import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

SCRIPTS = ("latin", "latin-ext", "vietnamese")
# What a place, a host or a provider may be called in Latin letters, and what the map itself writes. Phonetic
# and historic letters are left out.
KEPT = [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x192, 0x1A0, 0x1A1, 0x1AF, 0x1B0, *range(0x1CD, 0x1DD), 0x1E6, 0x1E7,
        *range(0x218, 0x21C), 0x259, 0x2BB, 0x2BC, *range(0x1E00, 0x1F00), *range(0x2010, 0x2016), *range(0x2018, 0x201F),
        0x2022, 0x2026, 0x2032, 0x2033, 0x20AC, 0x2122, *range(0x2190, 0x2194), 0x2212, 0x2248, 0x2264, 0x2265]
# Kerning is kept for pairs of these; anything else is rare on a map.
KERNED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:-–'()"


def pairs(font):
    """The kerning between glyphs of KERNED, from the pair adjustments of GPOS, first lookup wins."""
    cmap = font.getBestCmap()
    wanted = {cmap[ord(c)] for c in KERNED if ord(c) in cmap}
    found = {}
    if "GPOS" not in font:
        return found
    table = font["GPOS"].table
    lookups = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for index in record.Feature.LookupListIndex
    }
    for index in sorted(lookups):
        for subtable in table.LookupList.Lookup[index].SubTable:
            subtable = getattr(subtable, "ExtSubTable", subtable)
            if subtable.LookupType != 2:
                continue
            firsts = [g for g in subtable.Coverage.glyphs if g in wanted]
            if subtable.Format == 1:
                order = {g: i for i, g in enumerate(subtable.Coverage.glyphs)}
                for first in firsts:
                    for record in subtable.PairSet[order[first]].PairValueRecord:
                        if record.SecondGlyph in wanted and record.Value1:
                            found.setdefault((first, record.SecondGlyph), record.Value1.XAdvance)
            else:
                for first in firsts:
                    row = subtable.Class1Record[subtable.ClassDef1.classDefs.get(first, 0)]
                    for second in wanted:
                        value = row.Class2Record[subtable.ClassDef2.classDefs.get(second, 0)].Value1
                        if value and getattr(value, "XAdvance", 0):
                            found.setdefault((first, second), value.XAdvance)
    return {pair: value for pair, value in found.items() if value}


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    for weight, name in ((400, "Regular"), (600, "SemiBold")):
        with tempfile.TemporaryDirectory() as directory:
            files, kerning = [], {}
            for script in SCRIPTS:
                font = TTFont(source / "files" / f"noto-sans-{script}-{weight}-normal.woff2")
                if script == "latin":
                    cmap = {glyph: code for code, glyph in font.getBestCmap().items()}
                    kerning = {(cmap[a], cmap[b]): v for (a, b), v in pairs(font).items()}
                font.flavor = None
                options = Options(hinting=False, layout_features=[], notdef_outline=True)
                options.drop_tables += ["GPOS", "GSUB", "GDEF", "STAT"]
                subsetter = Subsetter(options)
                subsetter.populate(unicodes=font.getBestCmap().keys())
                subsetter.subset(font)
                file = Path(directory) / f"{script}.ttf"
                font.save(file)
                files.append(str(file))
            merged = Merger().merge(files)
            subsetter = Subsetter(Options(hinting=False, layout_features=[], notdef_outline=True))
            subsetter.populate(unicodes=KEPT)
            subsetter.subset(merged)
            cmap = merged.getBestCmap()
            table = KernTable_format_0(apple=False)
            table.coverage, table.format, table.tupleIndex = 1, 0, None
            table.kernTable = {
                (cmap[a], cmap[b]): v for (a, b), v in kerning.items() if a in cmap and b in cmap
            }
            merged["kern"] = newTable("kern")
            merged["kern"].version, merged["kern"].kernTables = 0, [table]
            file = out / f"NotoSans-{name}.ttf"
            merged.save(file)
            print(f"{file}: {len(cmap)} characters, {len(table.kernTable)} pairs, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
