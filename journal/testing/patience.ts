/** How long these tests wait in ms for what the machine holds up: a limit ends what hangs, and is not to be met. */
export const PATIENCE_MS = 120_000;
