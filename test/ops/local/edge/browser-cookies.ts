interface StoredCookie {
  readonly name: string;
  readonly path: string;
  readonly value: string;
}

/**
 * The cookies of one browser for one host, kept and sent as in RFC 6265: cookies with one name and different paths are different
 * cookies, and a request has every cookie whose path matches, the longest path first.
 */
export class BrowserCookies {
  readonly #cookies: StoredCookie[] = [];

  /** Stores the cookie of a Set-Cookie header. */
  store(header: string): void {
    const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.flatMap((each) => /^path=(.*)$/i.exec(each)?.[1] ?? [])[0] ?? "/";
    const known = this.#cookies.findIndex((each) => each.name === name && each.path === path);
    // An existing cookie keeps its place, as in browsers.
    this.#cookies.splice(known === -1 ? this.#cookies.length : known, 1, { name, path, value });
  }

  /** The Cookie header of a request to this path. */
  headerFor(requestPath: string): string {
    return this.#cookies
      .filter(({ path }) => isUnder(requestPath, path))
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }
}

function isUnder(requestPath: string, path: string): boolean {
  return requestPath === path || requestPath.startsWith(path.endsWith("/") ? path : `${path}/`);
}
