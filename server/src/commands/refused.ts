/** A rule stands against it, or what was checked is not as it should be: exit code 3. */
export class Refused extends Error {}
