"""Everything that can go wrong for a user, as one tree.

Catch `FaceClusterError` to catch them all; every message is one sentence that names the file or setting and what to do.

    FaceClusterError
    ├── PhotoError            a photo cannot be read
    │   └── OutOfMemoryError  there is too little memory for it
    ├── SourceError           a folder, zip or data set of photos cannot be opened
    ├── WeightsError          the weights of InceptionResnetV1 cannot be had
    ├── RuntimeChoiceError    the chosen runtime does not work on this machine
    ├── GalleryError          a gallery cannot be opened, or does not hold what was asked for
    │   ├── GalleryBusyError  another run is writing to the gallery
    │   └── DiskFullError     the disk that holds the gallery is full
    ├── ClusteringError       the faces cannot be clustered as asked
    ├── EvaluationError       there is nothing to measure, or not enough of it
    ├── IdentificationError   the gallery cannot identify anybody yet
    └── Cancelled             the user stopped the work
"""


class FaceClusterError(Exception):
    """Anything a user can cause; its text is shown as it is."""


class PhotoError(FaceClusterError):
    """A photo cannot be read."""


class OutOfMemoryError(PhotoError):
    """There is too little memory for a photo."""


class SourceError(FaceClusterError):
    """A folder, zip or data set of photos cannot be opened."""


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


class Cancelled(FaceClusterError):
    """The user stopped the work."""
