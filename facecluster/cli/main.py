"""The command line: arguments in, text or JSON out, no logic of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from facecluster import defaults
from facecluster._version import __version__
from facecluster.cli import arguments
from facecluster.cli.output import complain, print_json, print_text, shown, streams_are_open
from facecluster.errors import Cancelled, FaceClusterError

DONE, FAILED = 0, 1


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command: 0 when it did its work, 1 with one sentence on standard error when it could not."""
    if not streams_are_open():
        return FAILED
    goes_on = False
    try:
        options = _parser().parse_args(words)
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


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse's own passes over an output that is full, and repeats what was typed to the terminal as it is.
        if file is sys.stdout:
            print_text(message.rstrip("\n"))
        else:
            for line in message.splitlines():
                complain(line)


def _parser() -> _Parser:
    parser = _Parser(prog="facecluster", description="Find faces, group them by person, name strangers.")
    parser.add_argument("--version", action="version", version=f"facecluster {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("--gallery", metavar="DIR", help="where the gallery lies (default: $FACECLUSTER_HOME)")
        command.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        command.set_defaults(command=run, goes_on=run in (_index, _sample))
        return command

    index = add("index", _index, "find and embed the faces of a folder, a .zip or kaggle:owner/dataset")
    index.add_argument("source", metavar="SOURCE")
    index.add_argument("--faces", choices=("largest", "all"), default="largest", help="which faces of a photo to keep")
    index.add_argument(
        "--model", type=arguments.some_text, help="casia-webface, vggface2 or a .pt file (default: the gallery's)"
    )
    index.add_argument(
        "--min-face",
        type=arguments.face_size,
        default=defaults.MIN_FACE_SIZE,
        metavar="PIXELS",
        help=f"smallest face (default: {defaults.MIN_FACE_SIZE})",
    )
    _add_min_score(index)
    index.add_argument(
        "--people-from",
        type=arguments.people_from,
        metavar="FOLDER",
        help="which folder above a photo names its person: first, last, none, or its number from the top; auto guesses "
        "(default: as before, else auto)",
    )

    delete = add("delete", _delete, "remove people, photos, faces or everything from the gallery; original photos stay")
    what = delete.add_mutually_exclusive_group(required=True)
    what.add_argument("--person", nargs="+", metavar="NAME", help="people with all their photos")
    what.add_argument(
        "--photo", nargs="+", metavar="PATH", help="photos by their paths, as the gallery page shows them"
    )
    what.add_argument(
        "--face", nargs="+", type=int, metavar="ID", help="faces by their numbers, as identify --json names them"
    )
    what.add_argument("--missing", action="store_true", help="photos that are no longer where they were indexed")
    what.add_argument("--all", action="store_true", help="everything")
    delete.add_argument("--yes", action="store_true", help="do not ask")

    cluster = add("cluster", _cluster, "group the faces by person")
    cluster.add_argument("--clusters", type=arguments.clusters, metavar="N|auto", help="default: the people")
    cluster.add_argument("--seed", type=arguments.seed, default=0)

    evaluate = add("evaluate", _evaluate, "measure how well the clusters fit the persons")
    evaluate.add_argument("--folds", type=arguments.folds, metavar="K", help="identify photos held out in K parts")
    evaluate.add_argument(
        "--leave-people-out",
        type=arguments.people,
        metavar="N",
        help="leave N people out and see who is taken for whom",
    )
    evaluate.add_argument(
        "--groups",
        type=arguments.some_text,
        metavar="CSV",
        help="split figures by the columns beside the column person",
    )
    evaluate.add_argument(
        "--report",
        type=arguments.some_text,
        metavar="FILE",
        help="measure everything and write a report to FILE, which ends in .html, and its figures beside it into one "
        "that ends in .json; only an older report is replaced",
    )
    evaluate.add_argument(
        "--report-faces",
        action="store_true",
        help="with --report: show the wrong and doubtful faces in it",
    )

    compare = add("compare", _compare, "group the faces by every algorithm and compare them")
    compare.add_argument("--clusters", type=arguments.clusters, metavar="N|auto", help="default: the people")
    compare.add_argument("--seed", type=arguments.seed, default=0)
    compare.add_argument(
        "--groups",
        type=arguments.some_text,
        metavar="CSV",
        help="also accuracy by the columns beside the column person",
    )
    compare.add_argument(
        "--apply", type=arguments.some_text, metavar="NAME", help="make this algorithm's clusters the gallery's"
    )

    identify = add("identify", _identify, "tell who is on photos")
    identify.add_argument("images", nargs="+", metavar="IMAGE")
    identify.add_argument(
        "--model", type=arguments.some_text, metavar="FILE", help="where the gallery's .pt file lies now"
    )
    _add_min_score(identify)
    strictness = identify.add_mutually_exclusive_group()
    strictness.add_argument(
        "--threshold", type=arguments.similarity, metavar="SIMILARITY", help="default: set by the gallery"
    )
    strictness.add_argument(
        "--fpir", type=arguments.share, default=defaults.FPIR, help="share of strangers named that is accepted"
    )

    sample = add("sample", _sample, "write the drawn sample people as folders of photos")
    sample.add_argument("folder", metavar="DIR")
    sample.add_argument(
        "--portraits", type=arguments.portraits, default=12, metavar="N", help="of each person (default: 12)"
    )
    sample.add_argument(
        "--first", type=arguments.portraits, default=1, metavar="N", help="from 13 on: none that the app loads"
    )

    add("status", _status, "tell what the gallery holds")

    app = add("app", _app, "serve the dashboard on this machine")
    app.add_argument("--port", type=arguments.port, default=8501, metavar="N", help="default: 8501")
    app.add_argument("--no-browser", action="store_true", help="open no browser window")
    return parser


def _add_min_score(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--min-score",
        type=arguments.score,
        default=defaults.MIN_SCORE,
        metavar="SCORE",
        help=f"least detection score of a face (default: {defaults.MIN_SCORE})",
    )


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
    if why := why_so({"parameters": made.parameters, "faces": len(made.faces)}):
        text += f" {why}"
        document["why"] = why
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
