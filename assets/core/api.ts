// Requests that are not Dash's: JSON in, JSON out.
import type { Answer, Message } from "./types";

// The answer's JSON, whatever its status: a refusal is {error: {code, args}}. Throws where the
// server cannot be reached or does not answer in JSON.
export const post = async <T>(path: string, body: object): Promise<Answer<T>> => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
};
export const get = async <T>(path: string): Promise<T> => (await fetch(path)).json();

// What is said where the server gives no answer.
export const UNREACHABLE: Message = { code: "server", args: {} };

// A command to a session; a server that gives no answer counts as a refusal.
export const command = async <T>(sid: string, verb: string, body: object): Promise<Answer<T>> => {
  try {
    return await post<T>(`session/${encodeURIComponent(sid)}/${verb}`, body);
  } catch {
    return { error: UNREACHABLE } as Answer<T>;
  }
};
