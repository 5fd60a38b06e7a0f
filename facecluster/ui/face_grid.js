// What lasts from run to run lies on the root element: this function runs again after every run of the page.
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".tiles")
  const kept = (root.kept ??= { drawn: null, anchor: null, selected: new Set(), seen: "[]", pending: null, given: new Map() })
  kept.data = data
  kept.open = id => setTriggerValue("opened", id)
  kept.name = (id, name) => {
    kept.given.set(id, name)
    // All that the page has not heard of for sure: of two triggers in one moment, Streamlit hands on the last alone.
    setTriggerValue("named", [...kept.given].map(([id, name]) => ({ id, name })))
  }
  for (const id of kept.given.keys()) {
    if (!data.tiles.some(tile => tile.id === id && tile.asks_name)) kept.given.delete(id)
  }
  kept.tell = () => {
    kept.pending = JSON.stringify([...kept.selected])
    setStateValue("selected", [...kept.selected])
  }
  adopt(data.selected, kept)

  root.style.setProperty("--cell", `${data.cell}px`)
  root.setAttribute("aria-label", data.label)
  root.classList.toggle("cards", data.cards)
  root.classList.toggle("photos", data.frame === "photo")
  const wanted = JSON.stringify({ ...data, selected: null, current: null })
  if (kept.drawn !== wanted) {
    draw(root, kept)
    kept.drawn = wanted
  }
  prepareToolbar(parentElement.querySelector(".toolbar"), root, kept)
  showSelection(root, kept)
  showCurrent(root, data.current)
}

// Streamlit may mount the grid anew at any run: then the selection comes back from the page. What the page says is old
// news as long as it has not heard of the last click.
function adopt(selected, kept) {
  const said = JSON.stringify(selected)
  if (said === kept.pending) kept.pending = null
  else if (kept.pending === null && said !== kept.seen) {
    kept.selected = new Set(selected)
    kept.anchor = selected.at(-1) ?? null
  }
  kept.seen = said
}

// Tiles that stay keep their elements, so that a click that has begun, the focus and a half-typed name outlive a run.
function draw(root, kept) {
  const before = new Map([...root.children].map(item => [Number(item.dataset.id), item]))
  const items = kept.data.tiles.map(tile => fill(before.get(tile.id) ?? makeTile(tile, kept), tile, kept))
  if (items.length !== root.children.length || items.some((item, at) => root.children[at] !== item)) {
    const focused = root.getRootNode().activeElement
    root.replaceChildren(...items)
    if (focused && root.contains(focused)) focused.focus()
  }
  const present = new Set(kept.data.tiles.map(tile => tile.id))
  kept.selected = new Set([...kept.selected].filter(id => present.has(id)))
  if (!present.has(kept.anchor)) kept.anchor = null
  root.onkeydown = event => press(event, root, kept)
  root.onfocusin = event => rove(root, kept, event.target.closest(".tile"))
  rove(root, kept, items.find(item => opener(item).tabIndex === 0 && before.has(Number(item.dataset.id))) ?? items[0])
}

function makeTile(tile, kept) {
  const item = element("div", "tile")
  item.dataset.id = tile.id
  item.setAttribute("role", "listitem")
  const open = element(tile.href ? "a" : "button", "open")
  if (!tile.href) open.type = "button"
  open.onclick = event => click(event, tile.id, kept, item.parentElement)
  item.append(open)
  return item
}

function fill(item, tile, kept) {
  const wanted = JSON.stringify([tile, kept.data.selectable])
  if (item.drawn === wanted) return item
  item.drawn = wanted
  const open = opener(item)
  if (tile.href) open.href = tile.href
  open.setAttribute("aria-label", tile.said)
  open.title = tile.title
  const name = tile.asks_name ? [] : [line(tile.name, "name")]
  open.replaceChildren(picture(tile), ...name, ...tile.lines.map(each => line(each.text, `line ${each.tone}`, each.icon)))
  if (tile.bar !== null) open.append(bar(tile.bar))
  fillOne(item, ".pick", kept.data.selectable, () => pick(tile, kept, item))
  fillOne(item, ".naming", tile.asks_name, () => naming(tile, kept))
  return item
}

function fillOne(item, selector, isWanted, make) {
  const there = item.querySelector(selector)
  if (isWanted && !there) item.append(make())
  else if (!isWanted) there?.remove()
}

// The stored crop is a stretched square: drawn in the shape that the face has on its photo, it fills a frame of 5 to 6.
function picture(tile) {
  const frame = element("span", "picture")
  if (!tile.picture) return frame
  const image = element("img")
  image.src = tile.picture
  image.alt = ""
  const shape = tile.ratio / (5 / 6)
  image.style.width = `${100 * Math.max(1, shape)}%`
  image.style.height = `${100 * Math.max(1, 1 / shape)}%`
  frame.append(image)
  return frame
}

function bar(share) {
  const made = element("span", "bar")
  made.append(element("span"))
  made.firstChild.style.width = `${100 * share}%`
  return made
}

function pick(tile, kept, item) {
  const box = element("input", "pick")
  box.type = "checkbox"
  box.tabIndex = -1
  box.setAttribute("aria-label", `Select ${tile.said}`)
  box.onclick = event => choose(item.parentElement, kept, tile.id, event.shiftKey)
  return box
}

function naming(tile, kept) {
  const field = element("input", "naming")
  field.type = "text"
  field.maxLength = 80
  field.placeholder = "Add a name"
  field.setAttribute("aria-label", `Name of ${tile.name}`)
  const give = () => {
    const name = field.value.trim()
    if (name && name !== field.given) kept.name(tile.id, (field.given = name))
  }
  field.onblur = give
  field.onkeydown = event => {
    event.stopPropagation()
    if (event.key === "Enter" && field.value.trim()) {
      give()
      const fields = [...field.closest(".tiles").querySelectorAll(".naming")]
      fields[fields.indexOf(field) + 1]?.focus()
    }
    if (event.key === "Escape") field.value = ""
  }
  return field
}

function element(kind, classes) {
  const made = document.createElement(kind)
  if (classes) made.className = classes
  return made
}

function line(text, classes, icon) {
  const made = element("span", classes)
  if (icon) {
    const drawn = element("span", "icon")
    drawn.textContent = icon
    drawn.setAttribute("aria-hidden", "true")
    made.append(drawn)
  }
  made.append(text)
  return made
}

const opener = item => item.querySelector(".open")
const ids = kept => kept.data.tiles.map(tile => tile.id)

function click(event, id, kept, root) {
  const isHeld = event.shiftKey || event.ctrlKey || event.metaKey
  if (isHeld && !kept.data.selectable) return
  event.preventDefault()
  if (isHeld) choose(root, kept, id, event.shiftKey)
  else kept.open(id)
}

// A range reaches from the tile chosen last to this one; without Shift, one tile changes.
function choose(root, kept, id, isRange) {
  const order = ids(kept)
  if (isRange && kept.anchor !== null) {
    const [first, last] = [order.indexOf(kept.anchor), order.indexOf(id)].sort((a, b) => a - b)
    for (const each of order.slice(first, last + 1)) kept.selected.add(each)
  } else {
    if (!kept.selected.delete(id)) kept.selected.add(id)
    kept.anchor = id
  }
  changed(root, kept)
}

function chooseAll(root, kept, isAll) {
  kept.selected = new Set(isAll ? ids(kept) : [])
  changed(root, kept)
}

function changed(root, kept) {
  showSelection(root, kept)
  kept.tell()
}

function prepareToolbar(toolbar, root, kept) {
  toolbar.hidden = !kept.data.selectable
  toolbar.setAttribute("aria-label", "Selection")
  toolbar.querySelector(".all").onclick = () => chooseAll(root, kept, true)
  toolbar.querySelector(".none").onclick = () => chooseAll(root, kept, false)
}

function showSelection(root, kept) {
  const number = kept.selected.size
  root.classList.toggle("selecting", number > 0)
  const toolbar = root.parentNode.querySelector(".toolbar")
  toolbar.querySelector(".told").textContent = number ? `${number} selected` : "Select:"
  toolbar.querySelector(".all").textContent = `All ${kept.data.tiles.length} shown`
  toolbar.querySelector(".none").hidden = !number
  for (const item of root.children) {
    const isIn = kept.selected.has(Number(item.dataset.id))
    item.classList.toggle("selected", isIn)
    const box = item.querySelector(".pick")
    if (box) box.checked = isIn
  }
}

function showCurrent(root, current) {
  for (const item of root.children) {
    const isIt = Number(item.dataset.id) === current
    item.classList.toggle("current", isIt)
    isIt ? opener(item).setAttribute("aria-current", "true") : opener(item).removeAttribute("aria-current")
  }
}

// One tab stop for a grid of faces, whose arrow keys move; cards are few, and each is a stop of its own.
function rove(root, kept, current) {
  for (const item of root.children) opener(item).tabIndex = kept.data.cards || item === current ? 0 : -1
}

function columns(root) {
  const top = root.firstElementChild.offsetTop
  return [...root.children].filter(item => item.offsetTop === top).length
}

// A face was opened, and the focus is still on its way there: keys belong to the dialog already.
function isBehindDialog(root) {
  const dialog = document.querySelector('[role="dialog"]')
  return dialog !== null && !dialog.contains(root.getRootNode().host ?? root)
}

function press(event, root, kept) {
  const item = event.target.closest(".tile")
  if (!item || event.altKey || isBehindDialog(root)) return
  const isHeld = event.ctrlKey || event.metaKey
  const items = [...root.children]
  const at = items.indexOf(item)
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(root), ArrowUp: -columns(root), Home: -at, End: items.length - 1 - at }
  const id = Number(item.dataset.id)
  if (event.key in steps && !isHeld) step(event, root, kept, id, items[at + steps[event.key]])
  else if (event.key === " " && event.target === opener(item)) kept.data.selectable ? choose(root, kept, id, event.shiftKey) : kept.open(id)
  else if (event.key === "a" && isHeld && kept.data.selectable) chooseAll(root, kept, true)
  else return
  event.preventDefault()
  event.stopPropagation()
}

function step(event, root, kept, id, next) {
  if (!next) return
  if (kept.data.selectable && event.shiftKey) {
    if (kept.anchor === null) choose(root, kept, id, false)
    choose(root, kept, Number(next.dataset.id), true)
  }
  opener(next).focus()
}
