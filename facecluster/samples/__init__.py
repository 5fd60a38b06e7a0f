"""The sample people: invented, drawn by this program, so that it can be tried without a photo of anybody."""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "SamplePerson": "sample_photos",
        "draw_group": "sample_photos",
        "draw_portrait": "sample_photos",
        "draw_stranger": "sample_photos",
        "sample_people": "sample_photos",
        "write_sample_people": "sample_photos",
    },
)
