"""The app's entry point: page config, navigation, what every page shows, and the page itself."""

from pathlib import Path

import streamlit as st

from facecluster.errors import FaceClusterError
from facecluster.ui.entry import mark_app
from facecluster.ui.jobs import job_line
from facecluster.ui.resources import open_gallery

# A file of our own: the browser would fetch a Material icon for its tab from the network.
ICON = Path(__file__).parent / "facecluster" / "ui" / "icon.svg"

mark_app()
st.set_page_config(page_title="facecluster", page_icon=str(ICON), layout="wide")
page = st.navigation(
    [
        st.Page(
            "pages/gallery.py",
            title="Gallery",
            icon=":material/photo_library:",
            help="Add photos, watch them being indexed, and see what was found and what was left out.",
            default=True,
        ),
        st.Page(
            "pages/identify.py",
            title="Identify",
            icon=":material/person_search:",
            help="Drop in photos and see who is on them, or that nobody known is, and why.",
        ),
        st.Page(
            "pages/verify.py",
            title="Verify",
            icon=":material/compare:",
            help="Drop in two photos and see whether they show one person, and how often that errs.",
        ),
        st.Page(
            "pages/clusters.py",
            title="Clusters",
            icon=":material/workspaces:",
            help="Browse the faces as the machine grouped them, and open the photo behind each face.",
        ),
        st.Page(
            "pages/accuracy.py",
            title="Accuracy",
            icon=":material/analytics:",
            help="How well each person's cluster fits the person, and which faces are in the wrong one.",
        ),
        st.Page(
            "pages/evaluation.py",
            title="Evaluation",
            icon=":material/science:",
            help="How far identification can be trusted: held-out photos, strangers, algorithms, stability, groups.",
        ),
    ],
    position="top",
)

try:
    gallery = open_gallery()
except FaceClusterError as error:
    st.error(str(error), icon=":material/error:", title="The gallery cannot be opened")
    st.stop()

with st.container(horizontal=True, horizontal_alignment="right"):
    st.caption(
        f":material/folder_open: {gallery.name}",
        width="content",
        help=f"The gallery on this machine: `{gallery.path}`. Set FACECLUSTER_HOME to use another.",
    )
job_line(gallery)
page.run()
