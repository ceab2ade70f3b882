import { toggle } from "./toggle.ts";

export const disable = toggle("disable", "Disable add-ons and save Blender's preferences");
