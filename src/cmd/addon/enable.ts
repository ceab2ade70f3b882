// `addon enable`.

import { toggle } from "./_toggle.ts";

export const enable = toggle("enable", "Enable add-ons and save Blender's preferences");
