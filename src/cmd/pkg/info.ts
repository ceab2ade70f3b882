// `pkg info`: shows Blender's Python and what can be installed into it.

import { environmentOf } from "../../remote/python/environment.ts";
import type { Environment } from "../../remote/python/environment-schema.ts";
import { problemsOf } from "../../remote/python/problems.ts";
import { ours, rendered, type Text } from "../../text.ts";
import { widthOf, wrap } from "../../ui/wrap.ts";
import { isPlainLinux, parsePlatform } from "../../wheels/platform.ts";
import { command } from "../_command.ts";
import { targetOf } from "../_target.ts";
import { withPackages } from "./_with-packages.ts";

/** The column of names on the left. */
const nameWidth = 10;

/** Names on the left, aligned; further lines of the same name below each other. */
function section(name: string, lines: readonly string[], width: number): string {
  const further = " ".repeat(nameWidth + 2);
  return lines
    .map((line, index) => {
      const first = (index === 0 ? name : "").padEnd(nameWidth);
      return `${wrap(line, width, further, first)}\n`;
    })
    .join("");
}

function blenderLines({ blender, service }: Environment): string[] {
  return [
    `${blender.version}, ${blender.background ? "in the background" : "with a window"}, process ${service.pid}`,
    blender.binary ?? "a Python module, no executable",
  ];
}

function serviceLines({ service }: Environment, machine: string | undefined): string[] {
  const on = machine === undefined ? "" : ` on ${machine}`;
  const where = `${service.host}:${service.port}${on}`;
  if (service.kind === "plain") return [`a server that only has execute_code, at ${where}`];
  return [`${service.name} ${service.version}, protocol ${service.protocol}, at ${where}`];
}

function pythonLines({ python }: Environment): string[] {
  const parts = [`${python.implementation} ${python.version}`, python.platform];
  if (python.libc !== null) parts.push(`${python.libc.name} ${python.libc.version}`);
  const lines = [parts.join(", "), python.executable ?? "interpreter not found"];
  if (python.prefix !== python.base_prefix)
    lines.push(`virtual environment of ${python.base_prefix}`);
  if (python.sys_executable !== python.executable) {
    lines.push(`(sys.executable says ${python.sys_executable ?? "None"})`);
  }
  if (python.python_args !== null) lines.push(`started with ${python.python_args.join(" ")}`);
  return lines;
}

function folderLine(folder: Environment["site"]["packages"][number]): string {
  const notes = [
    ...(folder.exists ? [] : ["doesn't exist yet"]),
    ...(folder.on_path ? [] : ["not on Blender's path"]),
    ...(folder.error === null ? [] : [folder.error]),
  ];
  const state = folder.writable ? "writable" : "read-only";
  return `${state.padEnd(10)}${folder.path}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}

function siteLines({ site }: Environment): string[] {
  const lines = site.packages.map(folderLine);
  const userSite = site.user.enabled ? "in use" : "unused";
  lines.push(`${userSite.padEnd(10)}${site.user.path} (user site)`);
  if (site.externally_managed !== null)
    lines.push(`externally managed: ${site.externally_managed}`);
  return lines;
}

function moduleLines({ site }: Environment): string[] {
  const folder = site.user_modules;
  if (folder === null) return ["no user folder"];
  return [folderLine(folder), ...folder.packages.map(({ name, version }) => `${name} ${version}`)];
}

function pipLines({ pip }: Environment): string[] {
  if (!pip.available || pip.command === null) {
    return [
      `not available: ${pip.error}`,
      `ensurepip ${pip.ensurepip ? "is there" : "isn't there"}`,
    ];
  }
  return [`${pip.version}, ${pip.location}`, pip.command.join(" ")];
}

function networkLines({ network }: Environment): string[] {
  const access = {
    true: "allowed in Blender",
    false: "off in Blender: pkg install takes --from-here, a wheelhouse, or --allow-online",
    null: "not limited by Blender",
  };
  const { probe } = network;
  const state = probe.reachable ? "reachable" : probe.tried ? "not reachable" : "not tried";
  return [
    `online access ${access[`${network.online_access}`]}`,
    `${network.index_url ?? "index unknown"} ${state}${probe.error === null ? "" : ` (${probe.error})`}`,
    ...network.extra_index_urls.map((url) => `and ${url}`),
    ...network.find_links.map((place) => `and links in ${place}`),
  ];
}

/** The first and the last of a list, or the only one. */
function ends(list: readonly string[]): string {
  const [first = "", last = first] = [list[0], list.at(-1)];
  return first === last ? first : `${first} … ${last}`;
}

/** Thousands of tags in a few words: which Pythons, which platforms. */
function tagLines({ tags, python }: Environment): string[] {
  if (tags === null) return [`unknown: ${python.tags_error}`];
  const parts = tags.map((tag) => tag.split("-"));
  const distinct = (words: string[]) => [...new Set(words)];
  const pythons = distinct(parts.map(([interpreter = "", abi = ""]) => `${interpreter}-${abi}`));
  const kinds = [
    pythons.filter((one) => !/-(abi3|none)$/.test(one)),
    pythons.filter((one) => one.endsWith("-abi3")),
    pythons.filter((one) => one.endsWith("-none")),
  ];
  const platforms = distinct(parts.map(([, , platform = ""]) => platform));
  const shown = platforms.filter((one) => one !== "any" && !isPlainLinux(parsePlatform(one)));
  return [
    kinds
      .filter((one) => one.length > 0)
      .map(ends)
      .join(", "),
    [ends(shown), "any"].filter((one) => one !== "").join(", "),
    `${tags.length} in all, --json lists them`,
  ];
}

/**
 * The report for people: what stands in the way first. The download line stays one line, so that it
 * can be copied.
 *
 * @param width where lines are broken between words, in columns.
 * @param words renders hints, with the user's flags.
 * @param machine the one that ssh leads to.
 */
export function render(
  environment: Environment,
  width: number,
  words: (hint: Text) => string = rendered,
  machine?: string,
): string {
  const download = environment.suggested_pip_download;
  const problems = problemsOf(environment);
  const part = (name: string, lines: readonly string[]) => section(name, lines, width);
  return [
    ...problems.map(
      ({ message, hint }) =>
        `${wrap(`Problem: ${message}`, width)}\n${wrap(`hint: ${words(hint)}`, width)}\n\n`,
    ),
    part("Blender", blenderLines(environment)),
    part("Service", serviceLines(environment, machine)),
    part("Python", pythonLines(environment)),
    part("Packages", siteLines(environment)),
    part("Modules", moduleLines(environment)),
    part("pip", pipLines(environment)),
    part("Network", networkLines(environment)),
    part("Tags", tagLines(environment)),
    ...(download === null
      ? []
      : [
          `\n${wrap("To get wheels for it on another machine:", width)}\n`,
          `${words(ours("pkg info", "--json"))} > env.json\n`,
          `${words(ours("pkg download", "PACKAGE", "--for", "env.json"))}\n`,
          `${wrap("or, where there is pip instead:", width)}\n${download}\n`,
        ]),
  ].join("");
}

/** Where the report goes into a file or a pipe, each line stays whole. */
function reportWidth(): number {
  return process.stdout.isTTY === true ? widthOf(process.stdout) : Number.POSITIVE_INFINITY;
}

export const info = command({
  description: "Show Blender's Python, its pip, where packages can go and which wheels fit",
  args: {
    "network-probe": {
      type: "boolean",
      default: true,
      description: "Ask the package index whether it answers, where Blender allows online access",
      negativeDescription: "Don't ask the package index whether it answers",
    },
  },
  options: async ({ args }) => ({
    networkProbe: args["network-probe"],
    target: await targetOf(args),
  }),
  run: async ({ networkProbe, target }, context) => {
    const { output } = context;
    const environment = await withPackages(target, context, (session) =>
      environmentOf(session, { networkProbe }),
    );
    if (output.json) await output.writeJson(environment);
    else {
      const machine = target.endpoint.route?.machine;
      await output.write(render(environment, reportWidth(), output.rendered, machine));
    }
  },
});
