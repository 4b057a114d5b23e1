// Errors that are not of one item.

import {isKind} from '../store/store.ts'

/** Whether no other item would fare better: the work ends with this error. */
export const isFinal = (error: unknown): boolean =>
	isKind(error, 'no-bucket') ||
	isKind(error, 'interrupted') ||
	isKind(error, 'skew') ||
	isKind(error, 'network')
