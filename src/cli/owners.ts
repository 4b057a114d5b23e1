// The names of users and groups, as this machine knows them: asked for once a run.

import {Owners} from '../local/owners.ts'

export const owners = new Owners()
