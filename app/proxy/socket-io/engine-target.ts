/** The query of Engine.IO's requests. All parameters except the session id are passed on unchanged. Pure. */

export interface EngineQuery {
  /** The revision of the protocol: 4 since Socket.IO 3. */
  readonly revision: string | undefined;
  readonly transport: string | undefined;
  readonly sid: string | undefined;
}

export function engineQuery(target: string): EngineQuery {
  const query = new URLSearchParams(target.split("?").slice(1).join("?"));
  return {
    revision: query.get("EIO") ?? undefined,
    transport: query.get("transport") ?? undefined,
    sid: query.get("sid") ?? undefined,
  };
}

/** The target with another session id, or without one. */
export function withSid(target: string, sid: string | undefined): string {
  const [path = "", ...rest] = target.split("?");
  const parts = rest
    .join("?")
    .split("&")
    .filter((part) => sid !== undefined || !part.startsWith("sid="))
    .map((part) => (part.startsWith("sid=") ? `sid=${encodeURIComponent(sid ?? "")}` : part));
  return parts.length === 0 || (parts.length === 1 && parts[0] === "") ? path : `${path}?${parts.join("&")}`;
}

/** The session id, and what the proxy appends to it: a dot, and the pod's tag. */
const tagged = /^(.+)\.([\w-]{16})$/s;

/** Splits a session id of a client into the pod's own id, and the tag of the pod that created it. */
export function splitSid(sid: string): { readonly sid: string; readonly tag: string | undefined } {
  const [, own, tag] = tagged.exec(sid) ?? [];
  return own === undefined ? { sid, tag: undefined } : { sid: own, tag };
}

export function joinSid(sid: string, tag: string): string {
  return `${sid}.${tag}`;
}
