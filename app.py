"""The app's entry point: who may see it, page config, navigation, what every page shows, and the page itself."""

from pathlib import Path

import streamlit as st

from facecluster import ui
from facecluster.errors import FaceClusterError
from facecluster.ui.access import refuse_foreign_names, warn_visitors
from facecluster.ui.deleting import tell_deleted
from facecluster.ui.entry import mark_app
from facecluster.ui.jobs import job_line, running
from facecluster.ui.looks import mend_looks
from facecluster.ui.photo_dialog import show_asked_face
from facecluster.ui.resources import open_gallery
from facecluster.ui.server import first_page_shown, lifespan, middleware

# A file of our own: the browser would fetch a Material icon for its tab from the network.
ICON = Path(str(ui.__file__)).with_name("icon.svg")

PAGES = {
    "gallery": (
        ":material/photo_library:",
        "Add photos, watch them being indexed, and see what was found and what was left out.",
    ),
    "identify": (
        ":material/person_search:",
        "Drop in photos and see who is on them, or that nobody known is, and why.",
    ),
    "verify": (
        ":material/compare:",
        "Drop in two photos and see whether they show one person, and how often that errs.",
    ),
    "clusters": (
        ":material/workspaces:",
        "Browse the faces as the machine grouped them, and open the photo behind each face.",
    ),
    "accuracy": (
        ":material/analytics:",
        "How well each person's cluster fits the person, and which faces are in the wrong one.",
    ),
    "evaluation": (
        ":material/science:",
        "How far identification can be trusted: held-out photos, strangers, algorithms, stability, groups.",
    ),
}


def show() -> None:
    """What Streamlit runs for every visitor and every click."""
    mark_app()
    st.set_page_config(page_title="facecluster", page_icon=str(ICON), layout="wide")
    refuse_foreign_names()
    mend_looks()
    page = st.navigation(
        [
            st.Page(f"pages/{name}.py", title=name.capitalize(), icon=icon, help=text, default=name == "gallery")
            for name, (icon, text) in PAGES.items()
        ],
        position="top",
    )
    warn_visitors()
    try:
        gallery = open_gallery()
    except FaceClusterError as error:
        st.error(str(error), icon=":material/error:", title="The gallery cannot be opened")
        if st.query_params:  # the address names one that is not there: without it, the last one opens
            st.page_link("pages/gallery.py", label="Open the gallery page", icon=":material/photo_library:")
        st.stop()

    with st.container():  # there also without a job, else all that follows would move when one ends
        job_line(gallery)
    tell_deleted()
    if page.url_path or running(gallery):  # else the gallery page may ask a question, and there is one dialog at a time
        show_asked_face(gallery)
    try:
        page.run()
    finally:  # st.stop() ends a run by an exception
        first_page_shown.set()


if __name__ == "__main__":
    show()
else:
    # `streamlit run` looks in this file for such an assignment, serves what it finds, and runs the file as the script.
    server = st.App(__file__, middleware=middleware(), lifespan=lifespan)
