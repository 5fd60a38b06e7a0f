"""The command line: arguments in, text or JSON out, no logic of its own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from facecluster.cli.output import complain, print_json, print_text, shown, streams_are_open
from facecluster.cli.parser import Command, make_parser
from facecluster.errors import Cancelled, FaceClusterError

DONE, FAILED = 0, 1


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command: 0 when it did its work, 1 with one sentence on standard error when it could not."""
    if not streams_are_open():
        return FAILED
    goes_on = False
    try:
        options = make_parser(_COMMANDS, going_on={"index", "sample"}).parse_args(words)
        goes_on = options.goes_on
        status: int = options.command(options)
        return status
    except Cancelled as error:
        complain(error)
    except FaceClusterError as error:
        complain(f"facecluster: {error}")
    except KeyboardInterrupt:
        kept = "what was done is kept, and the same command goes on there" if goes_on else "nothing was changed"
        complain(f"facecluster: stopped; {kept}.")
    except BrokenPipeError:
        pass  # what reads our output has seen enough
    except OSError as error:
        where, why = error.filename or "A file", error.strerror or type(error).__name__
        complain(f"facecluster: {where} cannot be read or written ({why}): check the path, and that there is space.")
    except MemoryError:
        complain("facecluster: There is not enough memory for this: close other programs, or use a smaller gallery.")
    return FAILED


def _answer(options: argparse.Namespace, document: Any, text: str) -> int:
    print_json(document) if options.json else print_text(text)
    return DONE


def _index(options: argparse.Namespace) -> int:
    from facecluster.cli.index import index

    document, text, failed = index(options)
    _answer(options, document, text)
    return FAILED if failed else DONE


def _delete(options: argparse.Namespace) -> int:
    from facecluster.cli.delete import delete

    return _answer(options, *delete(options))


def _cluster(options: argparse.Namespace) -> int:
    from facecluster.clustering.algorithms import why_so
    from facecluster.gallery.gallery import Gallery
    from facecluster.presentation.text import counted
    from facecluster.workflows.cluster import cluster_gallery

    gallery = Gallery.open(options.gallery, create=False)
    made = cluster_gallery(gallery, options.clusters or "people", options.seed)
    document = {
        "clusters": made.n_clusters,
        "faces": len(made.faces),
        "inertia": round(made.inertia, 4),
        "seed": made.seed,
        "seconds": made.seconds,
        "chosen_by": made.parameters["chosen_by"],
    }
    text = f"{counted(len(made.faces), 'face')} in {counted(made.n_clusters, 'cluster')}, {made.seconds:.1f} s."
    if made.parameters["chosen_by"] == "people and others":
        named = gallery.counts().people
        text += f" {named} {'people have' if named > 1 else 'person has'} a name; the others show in the faces without."
    why = why_so({"parameters": made.parameters, "faces": len(made.faces)})
    document["why"] = why
    text += f" {why}" if why else ""
    return _answer(options, document, text)


def _evaluate(options: argparse.Namespace) -> int:
    from facecluster.cli.evaluation_commands import evaluate

    document, text, failed = evaluate(options)
    _answer(options, document, text)
    for reason in failed:
        complain(f"facecluster: {reason}")
    return FAILED if failed else DONE


def _compare(options: argparse.Namespace) -> int:
    from facecluster.cli.evaluation_commands import compare

    return _answer(options, *compare(options))


def _identify(options: argparse.Namespace) -> int:
    from facecluster.cli.identify import identify

    document, text, failed = identify(options)
    _answer(options, document, text)
    return FAILED if failed else DONE


def _sample(options: argparse.Namespace) -> int:
    from facecluster.samples.sample_photos import write_sample_people

    written = write_sample_people(options.folder, portraits=options.portraits, first=options.first)
    people = len({path.parent for path in written})
    text = f"{len(written)} portraits of {people} drawn people are in {shown(options.folder)}."
    return _answer(options, {"photos": len(written), "people": people}, text)


def _app(options: argparse.Namespace) -> int:
    from facecluster.cli.app import serve

    return serve(options)


def _status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from facecluster.clustering.algorithms import how_made
    from facecluster.gallery.gallery import Gallery
    from facecluster.gallery.labels import contradiction_sentence
    from facecluster.photos import left_out

    gallery = Gallery.open(options.gallery, create=False)
    counts, last = gallery.counts(), gallery.clusterings.summary()
    document = asdict(counts) | {
        "known_faces": counts.known.as_dict(),
        "model": gallery.model,
        "runtimes": gallery.faces.runtimes(),
        "bytes_on_disk": gallery.bytes_on_disk,
        "gallery": str(gallery.path),
        "clustering": last,
        "contradictions": gallery.photos.contradictions(),
        "missing": sum(source.missing for source in gallery.sources.missing()),
        "left_out": {kind.kind: kind.files for kind in gallery.sources.left_out_files()},
        "unfinished": [asdict(source) for source in gallery.sources.unfinished()],
    }
    # Looked at only where there is doubt: it takes the lock for a moment.
    document["indexing"] = bool(document["unfinished"]) and gallery.is_indexing
    told = document | {"known_faces": counts.known.sentence, "clustering": how_made(last) if last else "none yet"}
    told["contradictions"] = contradiction_sentence(document["contradictions"]) or "none"
    told["left_out"] = left_out.kinds_in_words(document["left_out"]) or "nothing"
    told["unfinished"] = "; ".join(map(str, gallery.sources.unfinished())) or "nothing"
    told["indexing"] = "yes" if document["indexing"] else "no"
    told["runtimes"] = (
        ", ".join(f"{name} ({faces} faces)" for name, faces in document["runtimes"].items()) or "none yet"
    )
    return _answer(options, document, "\n".join(f"{key:>14}: {shown(value)}" for key, value in told.items()))


_COMMANDS: dict[str, Command] = {
    "index": _index,
    "delete": _delete,
    "cluster": _cluster,
    "evaluate": _evaluate,
    "compare": _compare,
    "identify": _identify,
    "sample": _sample,
    "status": _status,
    "app": _app,
}
