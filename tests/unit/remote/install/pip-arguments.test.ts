import { expect, test } from "bun:test";
import { indexVariables } from "../../../../src/remote/install/pip-arguments.ts";

const bundles = { REQUESTS_CA_BUNDLE: null, CURL_CA_BUNDLE: null };
const proxies = { HTTP_PROXY: null, HTTPS_PROXY: null, ALL_PROXY: null, NO_PROXY: null };

test.each([
  [[], {}],
  [["--index-url", "https://h"], {}],
  [["--cert", "/c.pem"], bundles],
  [["--proxy", "http://p:1"], { ...proxies, http_proxy: "http://p:1", https_proxy: "http://p:1" }],
])("%j wins over the variables", (flags, variables) => {
  expect(indexVariables(flags)).toEqual(variables);
});
