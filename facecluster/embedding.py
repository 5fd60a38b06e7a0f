"""The former place of `facecluster.vision.embedding`, for a release."""

from facecluster.vision.embedding import *  # noqa: F403
