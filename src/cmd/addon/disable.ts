// `addon disable`.

import { toggle } from "./_toggle.ts";

export const disable = toggle("disable", "Disable add-ons and save Blender's preferences");
