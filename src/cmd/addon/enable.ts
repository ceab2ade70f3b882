import { toggle } from "./toggle.ts";

export const enable = toggle("enable", "Enable add-ons and save Blender's preferences");
