// What is used of WebAssembly, which TypeScript declares among the things of a browser only.

declare namespace WebAssembly {
	const Module: new (bytes: Uint8Array<ArrayBuffer>) => object
	class Memory {
		/** Sizes are in pages of 64 KiB. */
		constructor(size: {readonly initial: number; readonly maximum: number})
		readonly buffer: ArrayBuffer
	}
	class Instance {
		constructor(module: object, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>)
		readonly exports: Readonly<Record<string, unknown>>
	}
	/** Whether this machine can run a module. */
	function validate(bytes: Uint8Array<ArrayBuffer>): boolean
}
