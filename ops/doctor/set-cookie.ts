import { Cookie } from "tough-cookie";

/** A cookie that an edge has set. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly maxAgeSeconds: number | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
}

/** Reads Set-Cookie headers; skips malformed cookies. */
export function parseSetCookies(headers: readonly string[]): SetCookie[] {
  return headers.flatMap((header) => {
    const cookie = Cookie.parse(header);
    if (cookie === undefined) return [];
    return [
      {
        name: cookie.key,
        value: cookie.value,
        path: cookie.path ?? "/",
        maxAgeSeconds: typeof cookie.maxAge === "number" ? cookie.maxAge : undefined,
        secure: cookie.secure,
        httpOnly: cookie.httpOnly,
      },
    ];
  });
}
