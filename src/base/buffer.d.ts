// What toString and write of a Buffer end in, once they have looked at the encoding and the bounds. Every node has them, though
// its types do not say so. Where V8 has not compiled that look yet, it is most of what a short text costs: HACKING.md, "What
// makes it quick". None of them clamps: what lies outside of the buffer is a RangeError.

interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
	latin1Slice(start: number, end: number): string
	utf8Slice(start: number, end: number): string
	hexSlice(start: number, end: number): string
	/** Writes a byte string, as far as there is room; returns how many bytes. */
	latin1Write(text: string, at: number, room: number): number
	/** Writes the bytes of hex digits, as far as there is room; returns how many. */
	hexWrite(hex: string, at: number, room: number): number
}
