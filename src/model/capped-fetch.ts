import { metered, outcomeOf } from '../outbound/meter.ts';

/** The answer went on past the cap; the rest was not read. */
export class AnswerTooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`);
    this.name = 'AnswerTooLong';
  }
}

/** Answers to a form that the server does not know: the same again would get the same. */
const NOT_AGAIN: ReadonlySet<number> = new Set([500, 501]);

/**
 * `fetch` that stops reading an answer after `maxBytes`, with an AnswerTooLong out of the body. The SDK repeats what
 * got a 500 by itself; that is how servers refuse a setting, so it is told not to: it is asked otherwise instead.
 */
export function cappedFetch(maxBytes: number): typeof fetch {
  return async (input, init) => {
    const response = await metered(
      'model',
      () => fetch(input, init),
      ({ status }) => outcomeOf(status),
      blame,
    );
    if (response.body === null) return response;
    let bytes = 0;
    const cap = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > maxBytes) controller.error(new AnswerTooLong(maxBytes));
        else controller.enqueue(chunk);
      },
    });
    const headers = new Headers(response.headers);
    if (NOT_AGAIN.has(response.status)) headers.set('x-should-retry', 'false');
    return new Response(response.body.pipeThrough(cap), {
      status: response.status,
      statusText: response.statusText,
      headers,
    });
  };
}

/** Given up on in time, or not reached. */
const blame = (error: unknown) =>
  error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name) ? 'timeout' : 'unavailable';
