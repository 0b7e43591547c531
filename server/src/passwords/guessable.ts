/**
 * Fewer guesses than this and a password is one of the common ones, or made of them: 49,000 leaked passwords, their
 * repetitions, spellings, dates, rows of keys and each put after another. A list alone would know far fewer.
 */
const guessesMinLog10 = 8

/** Says how somebody would guess this password; undefined when nobody soon would. */
export type Guess = (password: string, personal: readonly string[]) => string | undefined

/** The lists are read once, when somebody first chooses a password: 40 ms, 20 MiB. */
export async function passwordGuesser(): Promise<Guess> {
  const { ZxcvbnFactory } = await import('@zxcvbn-ts/core')
  const { adjacencyGraphs, dictionary } = await import('@zxcvbn-ts/language-common')
  const lists = new ZxcvbnFactory({
    dictionary,
    graphs: adjacencyGraphs,
    maxLength: 128,
  })
  return (password, personal) => {
    const { guessesLog10, feedback } = lists.check(password, personal.flatMap(partsOf))
    if (guessesLog10 >= guessesMinLog10) return undefined
    return reasons[feedback.warning ?? ''] ?? 'it is made of common passwords, repetitions or rows of keys'
  }
}

/** An address is guessed by its parts too. */
function partsOf(text: string): string[] {
  return [text, ...text.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= 3)
}

/** The library's names for what it found, in words. */
const reasons: Readonly<Record<string, string>> = {
  straightRow: 'it is a row of keys of the keyboard',
  keyPattern: 'it is a pattern of keys on the keyboard',
  simpleRepeat: 'it repeats one character',
  extendedRepeat: 'it repeats a few characters',
  sequences: 'it is a sequence such as abc or 123',
  recentYears: 'it is built on a year',
  dates: 'it is built on a date',
  topTen: 'it is one of the most common passwords',
  topHundred: 'it is one of the most common passwords',
  common: 'it is a common password',
  similarToCommon: 'it is close to a common password',
  userInputs: 'it is built on your name or that of the workspace',
  pwned: 'it was leaked elsewhere',
}
