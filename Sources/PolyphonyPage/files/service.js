// Requests to the service. The token is a variable of this file: it is in no storage, no cookie and no address.

let token = "";

/** The answer of a service that refuses a request. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Keeps a token for all further requests. */
export function useToken(text) { token = text; }

/** True if requests carry a token. */
export const hasToken = () => token !== "";

async function answer(path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch {
    throw new Refusal(0, "The service does not answer.");
  }
  if (response.ok) return response;
  const reason = await response.json().catch(() => null);
  throw new Refusal(response.status, reason?.error ?? `The service answered with the status ${response.status}.`);
}

/** The JSON at an address. With a body it is posted. */
export const ask = async (path, body) => (await answer(path, body)).json();

/** The text at an address. */
export const read = async path => (await answer(path)).text();

/** The address of a model. */
export const modelPath = name => `v2/models/${encodeURIComponent(name)}`;

/** Whether the service is ready. Nobody needs a token to know. */
export const isReady = () => fetch("v2/health/ready", { cache: "no-store" }).then(response => response.ok, () => null);
