import { EgressRefusal, fetchText } from '../egress/egress.service.ts'
import { ApiError } from '../errors/api-error.ts'

const maxBytes = 256 * 1024
const timeoutMs = 10_000

/** The metadata document an IdP publishes. It is read like one that was uploaded. @throws invalid_metadata */
export async function fetchMetadata(url: string, allow: readonly string[]): Promise<string> {
  try {
    return await fetchText({ url, maxBytes, timeoutMs, allow })
  } catch (error) {
    if (!(error instanceof EgressRefusal)) throw error
    throw new ApiError('invalid_metadata', {
      detail: `The metadata cannot be fetched: ${error.message}. Upload the document instead.`,
      cause: error,
    })
  }
}
