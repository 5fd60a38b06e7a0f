"""What the browser's Back undoes: looking at faces is one step, however many are looked at, and so is a change of page.

Streamlit makes a step of every change of the address: of each face that is paged to, of closing the last one, and two
of a page that is opened on something. And it opens links that stand in text in another tab, where a new session begins.
"""

from __future__ import annotations

import streamlit as st

from facecluster.ui.chosen import ADDRESS, in_address

_TIDY = st.components.v2.component(
    "tidy_history",
    html="<span></span>",
    js="""
const MOMENT = 3000  // milliseconds within which both halves of a change of page arrive
const isHeld = event => event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
const face = place => place.searchParams.get("face")

export default function ({ data }) {
  const here = new URL(location.href)
  const named = here.searchParams.get(data.name)
  if (named === null) {  // a plain page is one of this gallery's too
    const rest = [...here.searchParams].filter(([name]) => name !== data.name)
    const query = new URLSearchParams([[data.name, data.gallery], ...rest]).toString().replaceAll("%7E", "~")
    history.replaceState(history.state, "", `?${query}`)
  }
  if (history.isTidy) return
  // Back was pressed while the page loaded, before Streamlit listened: another place is in the address than is shown.
  if (named !== null && named !== data.gallery) dispatchEvent(new PopStateEvent("popstate"))
  history.isTidy = true
  const push = history.pushState.bind(history)
  let last = { place: null, at: 0 }
  history.pushState = (state, unused, address) => {
    const from = new URL(location.href), to = new URL(address, location.href)
    const isHere = from.pathname === to.pathname
    if (isHere && face(from) && !face(to) && history.state?.opensFace) return history.back()
    const isMoment = Date.now() - last.at < MOMENT && last.place === from.href
    const isOtherHalf = isMoment && !isHere && from.search === to.search
    if (isOtherHalf || (isHere && face(from))) return history.replaceState(history.state, unused, address)
    last = { place: to.href, at: Date.now() }
    push({ ...state, opensFace: isHere && Boolean(face(to)) }, unused, address)
  }
  document.addEventListener("click", event => {
    const link = event.target.closest?.('a[target="_blank"]')
    if (!link || isHeld(event) || new URL(link.href).origin !== location.origin) return
    event.preventDefault()
    push({}, "", link.href)
    dispatchEvent(new PopStateEvent("popstate"))  // what Streamlit goes by
  })
}
""",
)


def tidy_history() -> None:
    """Makes one step of what an analyst takes for one, opens links here, and has the address name its gallery, also
    where nothing is opened; draws nothing that is seen."""
    _TIDY(key="tidy_history", data={"name": ADDRESS, "gallery": in_address()[ADDRESS]}, width="content")
