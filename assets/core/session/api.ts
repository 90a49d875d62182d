// Requests to the server that do not go through Dash. Bodies and answers are JSON.
import { type Answer, isMessage, type Message } from "../types";

const MAX_RETRIES = 3;
const MAX_WAIT_S = 10; // a user who has pressed a button does not wait longer

// Send a request. If the server answers 429 with a short Retry-After, send it again after that time. That is safe,
// because a request refused with 429 has had no effect.
export const withRetries = async (request: () => Promise<Response>): Promise<Response> => {
  for (let retries = 0; ; retries++) {
    const answer = await request();
    const wait = answer.status === 429 ? answer.headers.get("Retry-After") : null;
    if (wait === null || Number(wait) > MAX_WAIT_S || retries === MAX_RETRIES) return answer;
    await new Promise((done) => setTimeout(done, 1000 * Number(wait)));
  }
};

// `bearer` is the token of a teacher or a seat.
type Options = { signal?: AbortSignal; bearer?: string | null; accept?: string };
export const postResponse = (path: string, body: object, { signal, bearer, accept = "*/*" }: Options = {}) =>
  withRetries(() =>
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
export const getResponse = (path: string, signal?: AbortSignal) => fetch(path, { redirect: "manual", signal });
const commandPath = (sid: string, name: string) => `session/${encodeURIComponent(sid)}/${name}`;

// The messages for two problems: the server gives no answer; or a captive portal (a network that asks the user to sign
// in) answers in its place, with a page of its own or a redirection.
export const UNREACHABLE: Message = { code: "server", args: {} };
export const CAPTIVE_PORTAL: Message = { code: "foreign", args: {} };
const messageOf = (problem: unknown) => (isMessage(problem) ? problem : UNREACHABLE);

// A captive portal answers with HTML or a redirection, which the server never does for these requests.
const isFromPortal = ({ type, status, headers }: Response) =>
  type === "opaqueredirect" || status === 511 || (status < 500 && headers.get("Content-Type")?.includes("html"));
const listeners: (() => void)[] = [];
export const onCaptivePortal = (listener: () => void) => listeners.push(listener);

// Returns the answer if it is the server's. Otherwise calls the listeners and throws `CAPTIVE_PORTAL`.
export const requireServer = (answer: Response) => {
  if (!isFromPortal(answer)) return answer;
  listeners.forEach((listener) => listener());
  throw CAPTIVE_PORTAL;
};
export const readJson = <T>(answer: Response): Promise<T> => requireServer(answer).json();

// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws `CAPTIVE_PORTAL`, or
// another error where the server cannot be reached or does not answer with JSON.
export const post = async <T>(path: string, body: object, bearer?: string | null): Promise<Answer<T>> =>
  readJson(await postResponse(path, body, { bearer }));
export const get = async <T>(path: string): Promise<T> => readJson(await getResponse(path));

// Like `post`, but returns every problem as a refusal.
export const tryPost = async <T>(path: string, body: object, bearer?: string | null): Promise<Answer<T>> => {
  try {
    return await post<T>(path, body, bearer);
  } catch (problem) {
    return { error: messageOf(problem) } as Answer<T>;
  }
};

// The answer, if its status is 2xx. Otherwise throws the server's message, or `UNREACHABLE`.
export const requireOk = async (response: Promise<Response>) => {
  const answer = await response.then(requireServer).catch((problem) => {
    throw messageOf(problem);
  });
  if (!answer.ok) throw (await answer.json().catch(() => null))?.error ?? UNREACHABLE;
  return answer;
};

// Send a command to a session.
export const command = <T>(sid: string, name: string, body: object) => tryPost<T>(commandPath(sid, name), body);

// Yields the lines of a streamed answer (newline-delimited JSON). A problem becomes a last line {error}.
export async function* streamLines<T>(
  path: string,
  body: object,
  options: Options,
): AsyncGenerator<T & { error?: Message }> {
  try {
    // With this Accept header jupyter-server-proxy does not buffer the answer.
    const answer = requireServer(await postResponse(path, body, { ...options, accept: "text/event-stream" }));
    const stream = answer.body as ReadableStream<BufferSource>;
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", isOver = false; !isOver; ) {
      const { value = "\n", done } = await reader.read(); // a refusal is a line without a newline at its end
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      isOver = done;
      for (const line of lines) if (line) yield JSON.parse(line);
    }
  } catch (problem) {
    yield { error: messageOf(problem) } as T & { error: Message };
  }
}

// Send a command whose answer is streamed.
export const streamCommand = <T>(sid: string, name: string, body: object, signal: AbortSignal) =>
  streamLines<T>(commandPath(sid, name), body, { signal });
