"""Photos from Kaggle: the folder into which kagglehub downloads a data set."""

from __future__ import annotations

from pathlib import Path

from facecluster.errors import SourceError

KAGGLE = "kaggle:"


def kaggle_folder(handle: str) -> Path:
    """Where the data set `owner/dataset` lies once it is downloaded. Raises SourceError."""
    if handle.count("/") < 1 or not all(handle.split("/")):
        raise SourceError(f"kaggle:{handle} names no data set: write kaggle:owner/dataset.")
    try:
        import kagglehub
    except ImportError as error:
        raise SourceError(
            "Loading from Kaggle needs the package kagglehub: run pip install kagglehub, or download the data set in "
            "a browser and name its zip."
        ) from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub lets its HTTP library's and its own errors through
        raise SourceError(
            f"kaggle:{handle} could not be downloaded ({type(error).__name__}): check the name, the connection and "
            "your Kaggle key, or download it in a browser and name its zip."
        ) from error
