// Requests that are not Dash's: JSON in, JSON out.
// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws where the
// server cannot be reached or does not answer in JSON.
export const post = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
};
export const get = async (path) => (await fetch(path)).json();

// A command to a session; a server that gives no answer counts as a refusal.
export const command = async (sid, verb, body) => {
  try {
    return await post(`session/${encodeURIComponent(sid)}/${verb}`, body);
  } catch {
    return { error: { code: "server", args: {} } };
  }
};
