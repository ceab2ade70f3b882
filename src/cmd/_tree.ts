// The tree of all commands.

import { type Group, group } from "./_command.ts";
import { blenderFlags, serviceFlags, sshFlags } from "./_user-flags.ts";

/**
 * The flags that say which service or Blender is meant, by command or group: those that the user
 * gave are repeated in hints.
 */
const meant: Readonly<Record<string, readonly string[]>> = {
  init: sshFlags,
  start: [...serviceFlags, ...sshFlags, ...blenderFlags],
  stop: [...serviceFlags, ...sshFlags],
  restart: [...serviceFlags, ...sshFlags],
  status: [...serviceFlags, ...sshFlags],
  execute: [...serviceFlags, ...sshFlags],
  pkg: [...serviceFlags, ...sshFlags],
  "pkg targets": [],
  install: [...sshFlags, ...blenderFlags],
  addon: blenderFlags,
  "addon build": [],
  "addon wheels": [],
  "addon install": [...serviceFlags, ...blenderFlags],
  "addon enable": [...serviceFlags, ...blenderFlags],
  "addon disable": [...serviceFlags, ...blenderFlags],
  "addon uninstall": [...serviceFlags, ...blenderFlags],
};

/** Which of the flags that say what is meant a command takes, besides `--config`. */
export function meaningFlagsOf(command: string): readonly string[] {
  const [first = ""] = command.split(" ", 1);
  return meant[command] ?? meant[first] ?? [];
}

/** All commands. One line a command; each is loaded only when it is called. */
export const root: Group = group("Python packages and add-ons for Blender, from one executable", {
  init: async () => (await import("./init.ts")).init,
  install: async () => (await import("./install.ts")).install,
  start: async () => (await import("./start.ts")).start,
  stop: async () => (await import("./stop.ts")).stop,
  restart: async () => (await import("./restart.ts")).restart,
  status: async () => (await import("./status.ts")).status,
  execute: async () => (await import("./execute.ts")).execute,
  pkg: async () =>
    group("Python packages of a running Blender", {
      info: async () => (await import("./pkg/info.ts")).info,
      list: async () => (await import("./pkg/list.ts")).list,
      targets: async () => (await import("./pkg/targets.ts")).targets,
      download: async () => (await import("./pkg/download.ts")).download,
      push: async () => (await import("./pkg/push.ts")).push,
      wheelhouse: async () => (await import("./pkg/wheelhouse.ts")).wheelhouse,
      install: async () => (await import("./pkg/install.ts")).install,
      uninstall: async () => (await import("./pkg/uninstall.ts")).uninstall,
      freeze: async () => (await import("./pkg/freeze.ts")).freeze,
      sync: async () => (await import("./pkg/sync.ts")).sync,
      check: async () => (await import("./pkg/check.ts")).check,
      why: async () => (await import("./pkg/why.ts")).why,
      clean: async () => (await import("./pkg/clean.ts")).clean,
      pip: async () => (await import("./pkg/pip.ts")).pip,
      bootstrap: async () => (await import("./pkg/bootstrap.ts")).bootstrap,
      "purge-cache": async () => (await import("./pkg/purge-cache.ts")).purgeCache,
    }),
  addon: async () =>
    group("The add-ons of the Blender on this machine; no service is needed", {
      list: async () => (await import("./addon/list.ts")).list,
      info: async () => (await import("./addon/info.ts")).info,
      install: async () => (await import("./addon/install.ts")).install,
      enable: async () => (await import("./addon/enable.ts")).enable,
      disable: async () => (await import("./addon/disable.ts")).disable,
      uninstall: async () => (await import("./addon/uninstall.ts")).uninstall,
      build: async () => (await import("./addon/build.ts")).build,
      paths: async () => (await import("./addon/paths.ts")).paths,
      wheels: async () => (await import("./addon/wheels.ts")).wheels,
    }),
  config: async () =>
    group("The configuration file", {
      get: async () => (await import("./config/get.ts")).get,
      list: async () => (await import("./config/list.ts")).list,
      set: async () => (await import("./config/set.ts")).set,
      unset: async () => (await import("./config/unset.ts")).unset,
      path: async () => (await import("./config/path.ts")).path,
    }),
  export: async () =>
    group("Write what this executable carries to a file", {
      addon: async () => (await import("./export/addon.ts")).addon,
    }),
});
