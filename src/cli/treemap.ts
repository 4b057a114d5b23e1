// How much lies in which directory, as one page that needs nothing else: a treemap to look into.

import {bySize, type Usage} from '../algo/usage.ts'
import {surrogateEscaped} from '../format/json.ts'

/** `[name, size, count, children]`, the last of directories only; what has no node of its own has the name ''. */
type Row = readonly [name: string, size: number, count: number, children?: readonly Row[]]

function rowOf(node: Usage): Row {
	const {size, count, directory, rest} = node
	// a browser knows no bytes that are not UTF-8
	const name = Buffer.from(surrogateEscaped(node.name)).toString()
	if (!directory) return [name, size, count]
	const others: Row[] = rest.count > 0 ? [['', rest.size, rest.count]] : []
	return [name, size, count, [...bySize(node).map(rowOf), ...others]]
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)

/** The page, in Unicode. No name in it can be anything but text. */
export function treemapPage(root: Usage, title: string): string {
	const data = JSON.stringify(rowOf(root)).replaceAll('<', '\\u003c')
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<header><nav id="path" aria-label="Where"></nav><output id="what"></output></header>
<main><canvas id="map" tabindex="0" aria-label="Treemap; the table has the same"></canvas>
<aside><table><thead><tr><th>Size<th>Objects<th>Name</thead><tbody id="list"></tbody></table></aside></main>
<script id="data" type="application/json">${data}</script>
<script>const TITLE = ${JSON.stringify(title).replaceAll('<', '\\u003c')}
${SCRIPT}</script>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --line: #8886; font: 14px/1.4 system-ui, sans-serif }
* { box-sizing: border-box }
html, body { height: 100%; margin: 0 }
body { display: flex; flex-direction: column }
header { display: flex; gap: 1em; justify-content: space-between; padding: .5em .8em; border-bottom: 1px solid var(--line) }
nav { overflow-wrap: anywhere }
nav button, td button { all: unset; cursor: pointer; color: LinkText }
nav button:hover, td button:hover { text-decoration: underline }
nav button:focus-visible, td button:focus-visible { outline: 2px solid }
#what { text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 60% }
main { flex: 1; display: flex; min-height: 0 }
canvas { flex: 1; min-width: 0; height: 100%; cursor: pointer }
aside { width: 24em; overflow: auto; border-left: 1px solid var(--line) }
table { border-collapse: collapse; width: 100% }
th { position: sticky; top: 0; background: Canvas; text-align: left }
th, td { padding: .15em .6em; vertical-align: top }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: right; white-space: nowrap }
td:last-child { overflow-wrap: anywhere; width: 100% }
@media (max-width: 50em) { main { flex-direction: column } aside { width: auto; height: 40% } }
`

/** Rectangles as near to squares as they get (Bruls, Huizing, van Wijk: squarified treemaps). */
const SCRIPT = `
const root = JSON.parse(document.getElementById('data').textContent)
const [NAME, SIZE, COUNT, IN] = [0, 1, 2, 3]
const map = document.getElementById('map'), pen = map.getContext('2d')
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const bytes = n => { let u = 0; while (n >= 1024 && u < 5) { n /= 1024; u++ } return (u ? n.toFixed(1) : n) + ' ' + UNITS[u] }
const label = node => node === root ? TITLE : node[NAME] === '' ? '(others)' : node[NAME] + (node[IN] ? '/' : '')
const weight = node => Math.max(node[SIZE], 1e-9)
let trail = [root], shown = []

function squarify(nodes, box, place) {
	let total = nodes.reduce((sum, n) => sum + weight(n), 0), {x, y, w, h} = box, from = 0
	while (from < nodes.length && w > 0.3 && h > 0.3) {
		const side = Math.min(w, h), scale = w * h / total
		let sum = 0, to = from, worst = Infinity
		for (; to < nodes.length; to++) {
			const next = sum + weight(nodes[to]), edge = next * scale / side
			const ratio = Math.max(...[nodes[from], nodes[to]].map(n => { const other = weight(n) * scale / edge; return Math.max(edge / other, other / edge) }))
			if (ratio > worst) break
			worst = ratio; sum = next
		}
		const edge = sum * scale / side
		let at = 0
		for (let i = from; i < to; i++) {
			const long = weight(nodes[i]) * scale / edge
			place(nodes[i], w >= h ? {x, y: y + at, w: edge, h: long} : {x: x + at, y, w: long, h: edge})
			at += long
		}
		if (w >= h) { x += edge; w -= edge } else { y += edge; h -= edge }
		total -= sum; from = to
	}
}

function fit(text, width) {
	if (pen.measureText(text).width <= width) return text
	let keep = text.length
	while (keep > 1 && pen.measureText(text.slice(0, keep) + '…').width > width) keep--
	return keep > 1 ? text.slice(0, keep) + '…' : ''
}

function draw(node, box, hue, depth, path) {
	if (box.w < 1 || box.h < 1) return
	const dark = matchMedia('(prefers-color-scheme: dark)').matches
	const light = dark ? Math.max(20, 42 - depth * 5) : Math.min(94, 74 + depth * 5)
	pen.fillStyle = 'hsl(' + hue + ' ' + (node[IN] ? 38 : 62) + '% ' + light + '%)'
	pen.fillRect(box.x, box.y, box.w, box.h)
	pen.strokeStyle = dark ? '#000a' : '#fffc'
	pen.lineWidth = box.w > 6 && box.h > 6 ? 1 : 0.4
	pen.strokeRect(box.x + .5, box.y + .5, box.w - 1, box.h - 1)
	shown.push({node, box, path})
	const hasLabel = box.w > 44 && box.h > 18
	pen.fillStyle = dark ? '#fff' : '#000'
	if (hasLabel) {
		pen.font = (node[IN] ? '600 ' : '') + '12px system-ui, sans-serif'
		pen.fillText(fit(label(node), box.w - 8), box.x + 4, box.y + 14)
		if (!node[IN] && box.h > 34) { pen.font = '11px system-ui, sans-serif'; pen.fillText(fit(bytes(node[SIZE]), box.w - 8), box.x + 4, box.y + 28) }
	}
	if (!node[IN] || box.w < 8 || box.h < 8) return
	const head = hasLabel ? 18 : 1
	squarify(node[IN], {x: box.x + 2, y: box.y + head, w: box.w - 4, h: box.h - head - 2}, (child, inner) => draw(child, inner, hue, depth + 1, [...path, child]))
}

function render() {
	const here = trail.at(-1), box = map.getBoundingClientRect(), ratio = devicePixelRatio || 1
	map.width = box.width * ratio; map.height = box.height * ratio
	pen.setTransform(ratio, 0, 0, ratio, 0, 0)
	shown = []
	const children = here[IN] || [here]
	let index = 0
	squarify(children, {x: 0, y: 0, w: box.width, h: box.height}, (child, inner) => draw(child, inner, (index++ * 137.5 + 210) % 360, 0, [...trail, child]))
	document.getElementById('path').replaceChildren(...trail.flatMap((node, i) => [...(i ? [' › '] : []), button(label(node), () => go(trail.slice(0, i + 1)))]))
	say(here)
	document.getElementById('list').replaceChildren(...children.slice(0, 500).map(child => {
		const row = document.createElement('tr')
		const [size, count, name] = [0, 0, 0].map(() => row.insertCell())
		size.textContent = bytes(child[SIZE]); count.textContent = child[COUNT].toLocaleString('en')
		if (child[IN]) name.append(button(label(child), () => go([...trail, child]))); else name.textContent = label(child)
		return row
	}))
}

function button(text, act) {
	const made = document.createElement('button')
	made.textContent = text; made.onclick = act
	return made
}
const say = (node, path = []) => { document.getElementById('what').textContent = path.slice(trail.length).map(label).join('') + (path.length ? ' — ' : '') + bytes(node[SIZE]) + ', ' + node[COUNT].toLocaleString('en') + (node[COUNT] === 1 ? ' object' : ' objects') }
function go(next) { location.hash = next.slice(1).map(node => encodeURIComponent(node[NAME])).join('/') }
function follow() {
	trail = [root]
	for (const name of location.hash.slice(1).split('/').filter(Boolean).map(decodeURIComponent)) {
		const child = trail.at(-1)[IN]?.find(node => node[NAME] === name && node[IN])
		if (!child) break
		trail.push(child)
	}
	render()
}
const under = event => { const box = map.getBoundingClientRect(), x = event.clientX - box.x, y = event.clientY - box.y; return shown.findLast(({box: b}) => x >= b.x && x < b.x + b.w && y >= b.y && y < b.y + b.h) }
map.onmousemove = event => { const hit = under(event); if (hit) say(hit.node, hit.path) }
map.onmouseleave = () => say(trail.at(-1))
map.onclick = event => { const next = under(event)?.path[trail.length]; if (next?.[IN]) go([...trail, next]) }
onkeydown = event => { if ((event.key === 'Escape' || event.key === 'Backspace') && trail.length > 1) go(trail.slice(0, -1)) }
onhashchange = follow; onresize = render
follow()
`
