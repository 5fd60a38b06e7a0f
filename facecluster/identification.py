"""The former place of `facecluster.recognition.identification`, for a release."""

from facecluster.recognition.identification import *  # noqa: F403
