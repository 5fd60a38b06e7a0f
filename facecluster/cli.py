"""The command line: arguments in, text or JSON out, no logic of its own."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from facecluster import __version__
from facecluster.errors import Cancelled, FaceClusterError

if TYPE_CHECKING:
    from facecluster.identification import Match

DONE, FAILED = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command: 0 when it did its work, 1 with one sentence on standard error when it could not."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except Cancelled as error:
        print(error, file=sys.stderr)
        return FAILED
    except FaceClusterError as error:
        print(f"facecluster: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        kept = "what was done is kept, and the same command goes on there" if options.goes_on else "nothing was changed"
        print(f"facecluster: stopped; {kept}.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # What reads our output went away; Python would complain again when it flushes on exit.
        sys.stdout = None
        return FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facecluster", description="Find faces, group them by person, name strangers."
    )
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
    index.add_argument("--model", default=None, help="casia-webface, vggface2 or a .pt file (default: the gallery's)")
    index.add_argument("--min-face", type=_face_size, default=40, metavar="PIXELS", help="smallest face (default: 40)")

    cluster = add("cluster", _cluster, "group the faces by person")
    cluster.add_argument("--clusters", type=_clusters, metavar="N|auto", help="default: the people")
    cluster.add_argument("--seed", type=_seed, default=0)

    evaluate = add("evaluate", _evaluate, "measure how well the clusters fit the persons")
    evaluate.add_argument("--folds", type=_folds, metavar="K", help="identify photos held out in K parts")
    evaluate.add_argument(
        "--leave-people-out", type=_people, metavar="N", help="leave N people out and see who is taken for whom"
    )
    evaluate.add_argument("--groups", metavar="CSV", help="split figures by the columns beside the column person")
    evaluate.add_argument("--report", metavar="FILE", help="measure everything and write an HTML report and its JSON")

    compare = add("compare", _compare, "group the faces by every algorithm and compare them")
    compare.add_argument("--clusters", type=_clusters, metavar="N|auto", help="default: the people")
    compare.add_argument("--seed", type=_seed, default=0)
    compare.add_argument("--groups", metavar="CSV", help="also accuracy by the columns beside the column person")
    compare.add_argument("--apply", metavar="NAME", help="make this algorithm's groups the gallery's clusters")

    identify = add("identify", _identify, "tell who is on photos")
    identify.add_argument("images", nargs="+", metavar="IMAGE")
    identify.add_argument("--model", default=None, metavar="FILE", help="where the gallery's .pt file lies now")
    strictness = identify.add_mutually_exclusive_group()
    strictness.add_argument("--threshold", type=_similarity, metavar="SIMILARITY", help="default: set by the gallery")
    strictness.add_argument("--fpir", type=_share, default=0.01, help="share of strangers named that is accepted")

    sample = add("sample", _sample, "write the drawn sample people as folders of photos")
    sample.add_argument("folder", metavar="DIR")
    sample.add_argument("--portraits", type=_portraits, default=12, metavar="N", help="of each person (default: 12)")
    sample.add_argument("--first", type=_portraits, default=1, metavar="N", help="from 13 on: none that the app loads")

    add("status", _status, "tell what the gallery holds")
    return parser


def _checked(
    name: str, convert: Callable[[str], Any], holds: Callable[[Any], bool], limits: str
) -> Callable[[str], Any]:
    def check(text: str) -> Any:
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or not holds(value):
            raise argparse.ArgumentTypeError(f"{name} must be {limits}, not {text}")
        return value

    return check


_face_size = _checked("the smallest face", int, lambda value: 20 <= value <= 1000, "from 20 to 1000 pixels")
_similarity = _checked("the threshold", float, lambda value: -1 <= value <= 1, "a similarity from -1 to 1")
_folds = _checked("the number of folds", int, lambda value: value >= 2, "2 or more")
_people = _checked("the number of people", int, lambda value: value >= 1, "1 or more")
_portraits = _checked("the number of portraits", int, lambda value: 1 <= value <= 1000, "from 1 to 1000")
_seed = _checked("the seed", int, lambda value: 0 <= value < 2**32, f"from 0 to {2**32 - 1}")
_share = _checked("the FPIR", float, lambda value: 0 < value < 1, "a share between 0 and 1")
_clusters = _checked(
    "the number of clusters",
    lambda text: text if text == "auto" else int(text),
    lambda value: value == "auto" or value > 0,
    "a number from 1 or auto",
)


def _answer(options: argparse.Namespace, document: Any, text: str) -> int:
    print(json.dumps(document, indent=2, ensure_ascii=False) if options.json else text)
    return DONE


def _index(options: argparse.Namespace) -> int:
    from facecluster.photos import open_photos

    source = open_photos(options.source)
    from dataclasses import asdict

    from tqdm import tqdm

    from facecluster.detection import FaceDetector
    from facecluster.embedding import gallery_embedder
    from facecluster.gallery import Gallery
    from facecluster.indexing import IndexProgress, index_photos

    gallery = Gallery.open(options.gallery)
    embedder = gallery_embedder(gallery, options.model)
    with tqdm(total=len(source), unit=" photos", file=sys.stderr, disable=None) as bar:

        def show(progress: IndexProgress) -> None:
            bar.update(progress.done - bar.n)

        report = index_photos(
            gallery,
            source,
            faces=options.faces,
            detector=FaceDetector(options.min_face),
            embedder=embedder,
            on_progress=show,
        )
    text = (
        f"{report.photos} photos: {report.indexed} indexed with {report.faces} faces, {report.no_face} of them without "
        f"a face; {report.skipped} known, {report.duplicates} duplicates, {report.unreadable} unreadable; "
        f"{report.seconds:.1f} s ({report.photos_per_second:.0f} photos a second, {report.runtime})."
    )
    document = asdict(report)
    for reason in document.pop("problems"):
        print(f"facecluster: {reason}", file=sys.stderr)
    _answer(options, document, text)
    if report.contradiction:
        print(f"facecluster: {report.contradiction}", file=sys.stderr)
    return FAILED if report.unreadable == report.photos else DONE


def _cluster(options: argparse.Namespace) -> int:
    from facecluster.clustering import cluster_gallery
    from facecluster.gallery import Gallery

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
    text = f"{len(made.faces)} faces in {made.n_clusters} clusters, {made.seconds:.1f} s."
    if made.parameters["chosen_by"] == "people and others":
        named = gallery.counts().people
        text += f" {named} {'people have' if named > 1 else 'person has'} a name; the others show in the faces without."
    return _answer(options, document, text)


def _evaluate(options: argparse.Namespace) -> int:
    from facecluster.cli_lab import evaluate

    document, text, failed = evaluate(options)
    _answer(options, document, text)
    for reason in failed:
        print(f"facecluster: {reason}", file=sys.stderr)
    return FAILED if failed else DONE


def _compare(options: argparse.Namespace) -> int:
    from facecluster.cli_lab import compare

    return _answer(options, *compare(options))


def _identify(options: argparse.Namespace) -> int:
    from facecluster.embedding import gallery_embedder
    from facecluster.errors import PhotoError
    from facecluster.gallery import Gallery
    from facecluster.identification import Identifier
    from facecluster.images import load_image

    gallery = Gallery.open(options.gallery, create=False)
    identifier = Identifier.from_gallery(gallery, embedder=gallery_embedder(gallery, options.model))
    threshold = options.threshold if options.threshold is not None else identifier.threshold(options.fpir)
    caveat = "" if options.threshold is not None else identifier.matcher.caveat(options.fpir)
    if caveat:
        print(f"facecluster: {caveat}", file=sys.stderr)
    answers: list[dict[str, Any]] = []
    lines = []
    for image in options.images:
        try:
            matches = identifier.identify(load_image(image), threshold)
            answers.append({"image": image, "error": None, "faces": [match.as_dict() for match in matches]})
            lines.append(f"{image}: {_people_on(matches)}")
        except PhotoError as error:
            print(f"facecluster: {error}", file=sys.stderr)
            answers.append({"image": image, "error": str(error), "faces": []})
            lines.append(f"{image}: could not be read")
    _answer(options, answers, "\n".join(lines))
    return FAILED if any(answer["error"] for answer in answers) else DONE


def _people_on(matches: Sequence[Match]) -> str:
    people = (
        f"{match.title or 'nobody known'} (similarity {match.similarity:.3f}, threshold {match.threshold:.3f})"
        for match in matches
    )
    return "; ".join(people) or "no face"


def _sample(options: argparse.Namespace) -> int:
    from facecluster.samples import write_sample_people

    written = write_sample_people(options.folder, portraits=options.portraits, first=options.first)
    people = len({path.parent for path in written})
    text = f"{len(written)} portraits of {people} drawn people are in {options.folder}."
    return _answer(options, {"photos": len(written), "people": people}, text)


def _status(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from facecluster.algorithms import how_made
    from facecluster.gallery import Gallery

    gallery = Gallery.open(options.gallery, create=False)
    counts, last = gallery.counts(), gallery.clustering_summary()
    document = asdict(counts) | {
        "known_faces": counts.known.as_dict(),
        "model": gallery.model,
        "runtimes": gallery.runtimes(),
        "bytes_on_disk": gallery.bytes_on_disk,
        "gallery": str(gallery.path),
        "clustering": last,
    }
    told = document | {"known_faces": counts.known.sentence, "clustering": how_made(last) if last else "none yet"}
    told["runtimes"] = (
        ", ".join(f"{name} ({faces} faces)" for name, faces in document["runtimes"].items()) or "none yet"
    )
    return _answer(options, document, "\n".join(f"{key:>14}: {value}" for key, value in told.items()))
