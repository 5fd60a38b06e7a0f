"""`python -m facecluster.samples.drawn` draws the package's portraits anew, after a change to the drawings."""

import zipfile

from facecluster.samples.drawn.people import sample_people
from facecluster.samples.sample_photos import SHIPPED, draw_jpeg

PEOPLE = PORTRAITS = 12


def main() -> None:
    with zipfile.ZipFile(SHIPPED, "w") as archive:
        for person in sample_people(PEOPLE):
            for number in range(PORTRAITS):
                # A date of its own would make another file of the same drawings.
                entry = zipfile.ZipInfo(f"{person.name}/{number + 1:02}.jpg", date_time=(2026, 1, 1, 0, 0, 0))
                archive.writestr(entry, draw_jpeg(person.number, number))


if __name__ == "__main__":
    main()
