// Requests that are not Dash's: JSON in, JSON out.
const send = (path: string, body: object, signal: AbortSignal = null) =>
  fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
const address = (sid: string, verb: string) => `session/${encodeURIComponent(sid)}/${verb}`;
const NO_ANSWER = { error: { code: "server", args: {} } };

// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws where the
// server cannot be reached or does not answer in JSON.
export const post = async (path, body) => (await send(path, body)).json();
export const get = async (path) => (await fetch(path)).json();

// A command to a session; a server that gives no answer counts as a refusal.
export const command = async (sid, verb, body) => {
  try {
    return await post(address(sid, verb), body);
  } catch {
    return NO_ANSWER;
  }
};

// A command that answers part by part, in lines of JSON; what goes wrong is an {error} at the end.
export async function* parts(sid: string, verb: string, body: object, signal: AbortSignal) {
  try {
    const answer = await send(address(sid, verb), body, signal);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", isOver = false; !isOver; ) {
      const { value = "\n", done } = await reader.read(); // a refusal ends without a new line
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      isOver = done;
      for (const line of lines) if (line) yield JSON.parse(line);
    }
  } catch {
    yield NO_ANSWER;
  }
}
