// The order in which S3 lists keys: that of their bytes in UTF-8.

/** Code units so that those of characters above U+FFFF come last, as their bytes do. */
const weight = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** Whether key `a` is listed behind key `b`. */
export function isLater(a: string, b: string): boolean {
	const length = Math.min(a.length, b.length)
	for (let i = 0; i < length; i++) {
		const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
		if (x !== y) return weight(x) > weight(y)
	}
	return a.length > b.length
}
