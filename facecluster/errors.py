"""Everything that can go wrong for a user, as one tree.

Catch `FaceClusterError` to catch them all; every message is one sentence that names the file or setting and what to do.

    FaceClusterError
    ├── PhotoError            a photo cannot be read
    │   └── OutOfMemoryError  there is too little memory for it
    ├── SourceError           a folder, zip or data set of photos cannot be opened
    │   └── NothingThereError it does not exist, or holds no photos
    ├── WeightsError          the weights of InceptionResnetV1 cannot be had
    ├── RuntimeChoiceError    the chosen runtime does not work on this machine
    ├── GalleryError          a gallery cannot be opened, or does not hold what was asked for
    │   ├── GalleryBusyError  another run is writing to the gallery
    │   └── DiskFullError     the disk that holds the gallery is full
    ├── ClusteringError       the faces cannot be clustered as asked
    ├── EvaluationError       there is nothing to measure, or not enough of it
    ├── IdentificationError   the gallery cannot identify anybody yet
    ├── OutputError           an answer cannot be written to standard output
    ├── AccessError           a setting that says who may see the app cannot be understood
    └── Cancelled             the user stopped the work
"""


class FaceClusterError(Exception):
    """Anything a user can cause; its text is shown as it is."""


UNNAMED = "The photo"
"""What sentences call a photo of which nothing but its bytes is known."""


class PhotoError(FaceClusterError):
    """A photo cannot be read: `problem` goes on from `name`, what the photo is called.

    Without a name, `problem` is the whole sentence.
    """

    def __init__(self, problem: str, name: str | None = None) -> None:
        super().__init__(problem if name is None else f"{name} {problem}")
        self.problem, self.name = problem, name

    def sentence_about(self, name: str) -> str:
        """The same sentence with another name for the photo, where it names one."""
        return str(self) if self.name is None else f"{name} {self.problem}"


class OutOfMemoryError(PhotoError):
    """There is too little memory for a photo."""


class SourceError(FaceClusterError):
    """A folder, zip or data set of photos cannot be opened."""


class NothingThereError(SourceError):
    """A folder or zip does not exist, or holds no photos; it may lie on a disk that is not connected."""


class WeightsError(FaceClusterError):
    """The weights of InceptionResnetV1 cannot be had."""


class RuntimeChoiceError(FaceClusterError):
    """The chosen runtime does not work on this machine."""


class GalleryError(FaceClusterError):
    """A gallery cannot be opened, or does not hold what was asked for."""


class GalleryBusyError(GalleryError):
    """Another run is writing to the gallery."""


class DiskFullError(GalleryError):
    """The disk that holds the gallery is full."""


class ClusteringError(FaceClusterError):
    """The faces cannot be clustered as asked."""


class EvaluationError(FaceClusterError):
    """There is nothing to measure, or not enough of it."""


class IdentificationError(FaceClusterError):
    """The gallery cannot identify anybody yet."""


class OutputError(FaceClusterError):
    """An answer cannot be written to standard output."""


class AccessError(FaceClusterError):
    """A setting that says who may see the app cannot be understood."""


class Cancelled(FaceClusterError):
    """The user stopped the work."""
