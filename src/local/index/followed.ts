// Asks a server, and follows where it sends on, each step only if it may be taken.

import { type FetchOptions, ofetch } from "ofetch";

/** As often as browsers do (Fetch Standard, HTTP-redirect fetch). */
const mostSteps = 20;
const sendsOn = [301, 302, 303, 307, 308];

/**
 * The answer at the end of all redirects; its `url` says where that is. An authorization goes no
 * farther than the server that it is for.
 *
 * @param check throws for an address that must not be asked: also one in between could lead anywhere.
 * @throws what `check` throws; FetchError; an error that names TooManyRedirects.
 */
export async function followed(
  url: string,
  options: Omit<FetchOptions<"stream">, "headers" | "redirect"> & {
    headers: Record<string, string>;
  },
  check: (at: URL) => void,
): Promise<Response> {
  let at = new URL(url);
  let { headers } = options;
  for (let steps = 0; steps <= mostSteps; steps++) {
    check(at);
    const response = await ofetch.raw(at.href, { ...options, headers, redirect: "manual" });
    const location = response.headers.get("location");
    if (location === null || !sendsOn.includes(response.status)) return response;
    await response.body?.cancel();
    const next = new URL(location, at);
    if (next.origin !== at.origin) {
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    at = next;
  }
  throw new Error("TooManyRedirects");
}
