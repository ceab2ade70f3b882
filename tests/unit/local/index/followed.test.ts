import { afterAll, expect, test } from "bun:test";
import { messageOf } from "../../../../src/failure.ts";
import { followed } from "../../../../src/local/index/followed.ts";

const seen: string[] = [];
const noted = (request: Request) => {
  const { pathname, host } = new URL(request.url);
  seen.push(`${host}${pathname} ${request.headers.get("authorization")}`);
  return pathname;
};
const other = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => {
    noted(request);
    return new Response("other");
  },
});
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => {
    const path = noted(request);
    if (path === "/own") return Response.redirect("/end", 302);
    if (path === "/other") return Response.redirect(`http://127.0.0.1:${other.port}/end`, 307);
    if (path === "/through") return Response.redirect("http://between.invalid/", 301);
    return new Response("here");
  },
});
afterAll(() => Promise.all([server.stop(true), other.stop(true)]));

const ask = async (path: string) => {
  seen.length = 0;
  const options = { headers: { authorization: "Basic x" }, responseType: "stream" } as const;
  const checked: string[] = [];
  try {
    const url = `http://127.0.0.1:${server.port}${path}`;
    const response = await followed(url, options, (at) => {
      checked.push(at.host);
      if (at.hostname === "between.invalid") throw new Error("not through there");
    });
    return { text: await response.text(), url: response.url, checked };
  } catch (error) {
    return { message: messageOf(error), checked };
  }
};

test("a name and password go no farther than the server that they are for", async () => {
  const [here, there] = [server.port, other.port].map((port) => `127.0.0.1:${port}`);
  expect(await ask("/own")).toMatchObject({ text: "here", url: `http://${here}/end` });
  expect(seen).toEqual([`${here}/own Basic x`, `${here}/end Basic x`]);
  expect(await ask("/other")).toMatchObject({ text: "other", url: `http://${there}/end` });
  expect(seen).toEqual([`${here}/other Basic x`, `${there}/end null`]);
});

test("no step in between goes through an address that others may write", async () => {
  const through = await ask("/through");
  expect(through).toMatchObject({ message: "not through there" });
  expect(through.checked).toEqual([`127.0.0.1:${server.port}`, "between.invalid"]);
});
