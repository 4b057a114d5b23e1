// Where generated cases begin. In CI always at the same place: its verdict is about a change, not about luck. Everybody
// else looks somewhere new each time, and `npm run fuzz` for as long as is wanted. S3R_SEED says where.

export const SEED = Number(
	process.env['S3R_SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 1_000_000_000 : 4693),
)
