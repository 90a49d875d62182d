// Requests that are not Dash's: JSON in, JSON out.
import type { Answer, Message } from "../types";

const TRIES = 3;
const PATIENCE_S = 10; // whoever presses a button waits no longer

// When the server wants a request again, in ms; null: it did not refuse it for a while.
export const again = (answer: Response): number | null =>
  answer.status === 429 ? 1000 * Number(answer.headers.get("Retry-After") ?? 1) : null;

// Send a request again where the server asks for a short wait; a request that it refuses has done nothing.
export const patiently = async (request: () => Promise<Response>): Promise<Response> => {
  for (let left = TRIES; ; left--) {
    const answer = await request();
    const wait = again(answer);
    if (wait === null || wait > 1000 * PATIENCE_S || left === 0) return answer;
    await new Promise((done) => setTimeout(done, wait));
  }
};

// `bearer` is a token that says who asks.
type Options = { signal?: AbortSignal; bearer?: string | null };
export const send = (path: string, body: object, { signal, bearer }: Options = {}) =>
  patiently(() =>
    fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) },
      body: JSON.stringify(body),
      signal,
    }),
  );
const address = (sid: string, verb: string) => `session/${encodeURIComponent(sid)}/${verb}`;

// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws where the
// server cannot be reached or does not answer in JSON.
export const post = async <T>(path: string, body: object, bearer?: string | null): Promise<Answer<T>> =>
  (await send(path, body, { bearer })).json();
export const get = async <T>(path: string): Promise<T> => (await fetch(path)).json();

// What is said where the server gives no answer.
export const UNREACHABLE: Message = { code: "server", args: {} };

// A command to a session; a server that gives no answer counts as a refusal.
export const command = async <T>(sid: string, verb: string, body: object): Promise<Answer<T>> => {
  try {
    return await post<T>(address(sid, verb), body);
  } catch {
    return { error: UNREACHABLE } as Answer<T>;
  }
};

// An answer that comes part by part, in lines of JSON; what goes wrong is an {error} at the end.
export async function* lines<T>(path: string, body: object, options: Options): AsyncGenerator<T & { error?: Message }> {
  try {
    const answer = await send(path, body, options);
    const stream = answer.body as ReadableStream<BufferSource>;
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", isOver = false; !isOver; ) {
      const { value = "\n", done } = await reader.read(); // a refusal ends without a new line
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      isOver = done;
      for (const line of lines) if (line) yield JSON.parse(line);
    }
  } catch {
    yield { error: UNREACHABLE } as T & { error: Message };
  }
}

// A command that answers so.
export const parts = <T>(sid: string, verb: string, body: object, signal: AbortSignal) =>
  lines<T>(address(sid, verb), body, { signal });
