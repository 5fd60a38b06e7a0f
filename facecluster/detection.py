"""The former place of `facecluster.vision.detection`, for a release."""

from facecluster.vision.detection import *  # noqa: F403
