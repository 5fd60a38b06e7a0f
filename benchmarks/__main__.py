"""`python -m benchmarks`: the plain loop against facecluster, which faces are found, how costs grow: tables, JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cut_faces import measure_cut_faces
from benchmarks.indexing import measure_indexing, measure_memory, own_peak_mb
from benchmarks.main_face import measure_main_face
from benchmarks.quality_clusters import measure_quality_clusters
from benchmarks.scaling import measure_clustering, measure_identification, measure_pages
from benchmarks.thresholds import measure_thresholds
from benchmarks.turned import measure_turns
from facecluster import write_sample_people

SECTIONS = ("indexing", "memory", "main-face", "turns", "cut", "clustering", "identification", "pages")
QUALITY = ("quality-clusters", "quality-thresholds")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="SECTION",
        help=f"of {', '.join(SECTIONS + QUALITY)}, or quality; default: all but quality",
    )
    parser.add_argument("--photos", type=Path, help="a folder of photos (default: the drawn sample people)")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken")
    parser.add_argument("--limit", type=int, help="use only so many of the photos, evenly spread")
    parser.add_argument("--largest", type=int, default=100_000, help="faces up to which scaling is measured")
    parser.add_argument(
        "--gallery", type=Path, help="labelled faces for quality (default: synthetic ones, or those of the photos)"
    )
    parser.add_argument("--draws", type=int, default=20, help="of faces, for quality")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything there, to a new file")
    options = parser.parse_args()
    asked = [each for section in options.sections for each in (QUALITY if section == "quality" else (section,))]
    if unknown := set(asked) - set(SECTIONS + QUALITY):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS + QUALITY)}")
    options.sections = asked
    if options.json and os.path.lexists(options.json):
        parser.error(f"{options.json} is there already: name a new file")
    with tempfile.TemporaryDirectory() as scratch:
        photos = options.photos or Path(scratch) / "sample people"
        if options.photos is None:
            write_sample_people(photos)
        results = _measure(options, photos)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        with options.json.open("x", encoding="utf-8") as file:  # nothing that was put there since is overwritten
            json.dump(results, file, indent=2)


def _measure(options: argparse.Namespace, photos: Path) -> dict[str, Any]:
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= options.largest]
    small = [size for size in sizes if size <= 100_000]
    calls: dict[str, Callable[[], Any]] = {
        "indexing": lambda: measure_indexing(photos, options.rounds, options.limit),
        "memory": lambda: measure_memory(photos),
        "main-face": lambda: measure_main_face(photos),
        "turns": lambda: measure_turns(photos, options.limit),
        "cut": lambda: measure_cut_faces(photos, options.limit),
        "clustering": lambda: measure_clustering(small),
        "identification": lambda: measure_identification(sizes),
        "pages": lambda: measure_pages(small),
        "quality-clusters": lambda: measure_quality_clusters(options.gallery, options.draws),
        "quality-thresholds": lambda: measure_thresholds(photos, options.gallery),
    }
    results: dict[str, Any] = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    for section in options.sections or SECTIONS:
        results[section] = calls[section]()
        _show(section, results[section])
    results["own_peak_mb"] = own_peak_mb()
    return results


def _show(section: str, result: Any) -> None:
    print(f"\n{section}")
    if section == "main-face":
        print(pd.DataFrame(result).set_index("rule").T.to_string(col_space=6))
    elif section == "turns" and not result:
        print("nothing to measure: it takes a folder per person")
    elif isinstance(result, list):
        print(pd.DataFrame(result).to_string(index=False))
    elif section == "indexing":
        _show_indexing(result)
    else:
        print(pd.Series(result).to_string())


def _show_indexing(result: dict[str, Any]) -> None:
    print(f"{result['photos']} photos, {result['runtime']}, medians of {result['rounds']}; ms a photo")
    for size, figures in result["smallest_face"].items():
        stages = pd.DataFrame({key: figures[key] for key in ("plain_ms", "ours_ms", "ratio")})
        print(f"\nsmallest face {size} px\n{stages.to_string()}")
        print(
            f"plain loop {figures['plain_total_ms']} ms, ours end to end {figures['ours_end_to_end_ms']} ms "
            f"({figures['ours_photos_per_second']} photos a second); against the plain loop with its defaults "
            f"{figures['end_to_end_ratio']} times; boxes: {figures['parity']}"
        )
    print(f"\nembedding against f32 eager: {result['embedding']}\naccuracy: {result['accuracy']}")


if __name__ == "__main__":
    main()
