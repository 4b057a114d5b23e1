// What is thrown before there is a promise is a rejection, too.

/**
 * Begins `work` as an async function would, and for less: what it throws at once is what the promise rejects with.
 * Functions that only hand on a promise need not be async then (HACKING.md).
 */
export function begun<T>(work: () => Promise<T>): Promise<T> {
	try {
		return work()
	} catch (error) {
		return Promise.reject(error)
	}
}
