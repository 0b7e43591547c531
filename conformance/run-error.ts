/** The run cannot go on; the message is all that somebody has to read. */
export class RunError extends Error {}
