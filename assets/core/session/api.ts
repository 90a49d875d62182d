// Requests that are not Dash's: JSON in, JSON out.
import { type Answer, isMessage, type Message } from "../types";

const TRIES = 3;
const PATIENCE_S = 10; // whoever presses a button waits no longer

// Send a request again where the server asks for a short wait; a request that it refuses has done nothing.
export const patiently = async (request: () => Promise<Response>): Promise<Response> => {
  for (let left = TRIES; ; left--) {
    const answer = await request();
    const wait = answer.status === 429 ? answer.headers.get("Retry-After") : null;
    if (wait === null || Number(wait) > PATIENCE_S || left === 0) return answer;
    await new Promise((done) => setTimeout(done, 1000 * Number(wait)));
  }
};

// `bearer` is a token that says who asks.
type Options = { signal?: AbortSignal; bearer?: string | null; accept?: string };
export const send = (path: string, body: object, { signal, bearer, accept = "*/*" }: Options = {}) =>
  patiently(() =>
    fetch(path, {
      method: "POST",
      headers: {
        Accept: accept,
        "Content-Type": "application/json",
        ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
      },
      body: JSON.stringify(body),
      redirect: "manual",
      signal,
    }),
  );
export const ask = (path: string, signal?: AbortSignal) => fetch(path, { redirect: "manual", signal });
const address = (sid: string, verb: string) => `session/${encodeURIComponent(sid)}/${verb}`;

// What is said where the server gives no answer, and where something between gives one in its place: a
// network that asks to sign in sends a page of its own, or sends the browser to one.
export const UNREACHABLE: Message = { code: "server", args: {} };
export const FOREIGN: Message = { code: "foreign", args: {} };
export const why = (problem: unknown) => (isMessage(problem) ? problem : UNREACHABLE);

const isForeign = ({ type, status, headers }: Response) =>
  type === "opaqueredirect" || status === 511 || (status < 500 && headers.get("Content-Type")?.includes("html"));
const listeners: (() => void)[] = [];
export const onForeign = (listener: () => void) => listeners.push(listener);

// Throws `FOREIGN` if an answer is not the server's, which sends HTML nowhere but at the page's address.
export const check = (answer: Response) => {
  if (!isForeign(answer)) return answer;
  listeners.forEach((listener) => listener());
  throw FOREIGN;
};
export const read = <T>(answer: Response): Promise<T> => check(answer).json();

// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws `FOREIGN`, or
// something else where the server cannot be reached or does not answer in JSON.
export const post = async <T>(path: string, body: object, bearer?: string | null): Promise<Answer<T>> =>
  read(await send(path, body, { bearer }));
export const get = async <T>(path: string): Promise<T> => read(await ask(path));

// The same; a server that gives no answer counts as a refusal.
export const tryPost = async <T>(path: string, body: object, bearer?: string | null): Promise<Answer<T>> => {
  try {
    return await post<T>(path, body, bearer);
  } catch (problem) {
    return { error: why(problem) } as Answer<T>;
  }
};

// A file. Throws a message where there is none.
export const attachment = async (asked: Promise<Response>) => {
  const answer = await asked.then(check).catch((problem) => {
    throw why(problem);
  });
  if (!answer.ok) throw (await answer.json().catch(() => null))?.error ?? UNREACHABLE;
  return answer;
};

// A command to a session.
export const command = <T>(sid: string, verb: string, body: object) => tryPost<T>(address(sid, verb), body);

// An answer that comes part by part, in lines of JSON; what goes wrong is an {error} at the end.
export async function* lines<T>(path: string, body: object, options: Options): AsyncGenerator<T & { error?: Message }> {
  try {
    // jupyter-server-proxy hands on what comes part by part, instead of all at its end, if asked like this.
    const answer = check(await send(path, body, { ...options, accept: "text/event-stream" }));
    const stream = answer.body as ReadableStream<BufferSource>;
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", isOver = false; !isOver; ) {
      const { value = "\n", done } = await reader.read(); // a refusal ends without a new line
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      isOver = done;
      for (const line of lines) if (line) yield JSON.parse(line);
    }
  } catch (problem) {
    yield { error: why(problem) } as T & { error: Message };
  }
}

// A command that answers so.
export const parts = <T>(sid: string, verb: string, body: object, signal: AbortSignal) =>
  lines<T>(address(sid, verb), body, { signal });
