// The chart: files a second and CPU time a file, by tool, for the rows that most people ask for. Its colours are legible on
// light and on dark paper.

const MAIN = ['small push 0 ms', 'small push 20 ms', 'small pull 0 ms', 'small pull 20 ms', 'mixed push 0 ms']
const TEXT = '#6e7781'
const OURS = '#2f81f7'
const PEER = '#9aa4af'
const GRID = '#8b949e55'

const WIDTH = 860
const NAMES = 70
const PANEL = 300
const VALUES = 84
const GAP = 6
const BAR = 15
const STEP = 20
const TITLE = 26
const FIRST = 44

/** @returns {string} an SVG of those of the main rows that were measured; of the first rows of one unit, if none was */
export function chart(rows) {
	const main = MAIN.map((id) => rows.find((row) => row.id === id)).filter(Boolean)
	const shown = (main.length > 0 ? main : rows.filter(({unit}) => unit === rows[0].unit).slice(0, 4)).filter(
		({tools}) => tools.some(({wall}) => wall),
	)
	const unit = shown[0]?.unit ?? 'file'
	const parts = []
	let y = FIRST
	for (const row of shown) {
		const {svg, height} = group(row, y)
		parts.push(svg)
		y += height
	}
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="files a second and CPU time a file, by tool" font-family="system-ui, sans-serif" font-size="13" fill="${TEXT}">
${text(NAMES, 20, `${unit}s a second (longer is better)`, 'font-weight="600"')}
${text(NAMES + PANEL + VALUES, 20, `CPU time a ${unit} (shorter is better)`, 'font-weight="600"')}
${parts.join('\n')}
</svg>
`
}

function group(row, top) {
	const tools = row.tools.filter(({wall}) => wall !== undefined)
	const rates = scale(tools, 'rate')
	const costs = scale(tools, 'each')
	const lines = tools.map((tool, at) => {
		const y = top + TITLE + at * STEP
		const weight = tool.name === 's3r' ? 'font-weight="700"' : ''
		const right = NAMES + PANEL + VALUES
		return [
			text(NAMES - GAP, y + BAR - 3, tool.name, `text-anchor="end" ${weight}`),
			bar(tool, NAMES, y, rates(tool.rate)),
			text(NAMES + rates(tool.rate) + GAP, y + BAR - 3, speed(row, tool), weight),
			bar(tool, right, y, costs(tool.each)),
			text(right + costs(tool.each) + GAP, y + BAR - 3, cost(row, tool), weight),
		].join('\n')
	})
	const heading = `${row.title}, ${row.latency} ms of latency`
	const line = `<path d="M${NAMES} ${top + TITLE - 5}H${WIDTH - GAP}" stroke="${GRID}"/>`
	return {
		svg: [text(NAMES, top + 14, heading), line, ...lines].join('\n'),
		height: TITLE + tools.length * STEP + 14,
	}
}

function scale(tools, what) {
	const most = Math.max(...tools.map((tool) => tool[what]))
	return (value) => Math.max(1, Math.round((PANEL * value) / most))
}

function bar({name}, x, y, width) {
	return `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" rx="2" fill="${name === 's3r' ? OURS : PEER}"/>`
}

function text(x, y, words, attributes = '') {
	const escaped = words.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
	return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`
}

function speed({unit}, {rate}) {
	return unit === 'MB' ? `${rate.toFixed(0)} MB/s` : Math.round(rate).toLocaleString('en')
}

function cost({unit}, {each}) {
	return unit === 'MB'
		? `${(1000 * each).toFixed(1)} ms`
		: `${Math.round(1e6 * each).toLocaleString('en')} µs`
}
