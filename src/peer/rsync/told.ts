// Paths in messages to a client.

import {type Path, toUnicode} from '../../base/path.ts'
import {shown} from '../../base/quote.ts'

/** A path for a message to the client, whose terminal shows UTF-8. */
export const told = (path: Path): string => (toUnicode(path) === undefined ? shown(path) : `'${path}'`)
