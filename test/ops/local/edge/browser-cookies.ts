interface StoredCookie {
  readonly name: string;
  readonly path: string;
  readonly value: string;
}

/**
 * The cookies of one browser for one host, as RFC 6265 keeps and sends them: cookies of one name and different paths
 * are different cookies, and a request bears every one whose path it is under, the longest path first.
 */
export class BrowserCookies {
  readonly #cookies: StoredCookie[] = [];

  /** Takes in a Set-Cookie header. */
  store(header: string): void {
    const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    const path = attributes.flatMap((each) => /^path=(.*)$/i.exec(each)?.[1] ?? [])[0] ?? "/";
    const known = this.#cookies.findIndex((each) => each.name === name && each.path === path);
    // One that is there already keeps its place, as in browsers.
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
