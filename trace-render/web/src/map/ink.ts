// The map's colours, the same as those of the pictures (trace-render/src/theme.rs).

export interface Ink {
  dark: boolean;
  ocean: string;
  shore: string;
  graticule: string;
  land: string;
  border: string;
  coast: string;
  ink: string;
  faint: string;
  halo: string;
  casing: string;
  badge: string;
  select: string;
  routes: readonly string[];
  quiet: string;
  areaAlpha: number;
}

const LIGHT: Ink = {
  dark: false, ocean: "#d9e6ec", shore: "#c8dae3", graticule: "#c9d9e1", land: "#f6f3ec", border: "#cfc8ba", coast: "#9db3bf",
  ink: "#1d262d", faint: "#55616b", halo: "rgba(251,250,247,0.9)", casing: "#ffffff", badge: "#ffffff", select: "#005fa8",
  routes: ["#c23b06", "#005fa8", "#007354", "#943a7c", "#7d5a00", "#3d4a57"], quiet: "#7b8791", areaAlpha: 0.2,
};

const DARK: Ink = {
  dark: true, ocean: "#121d28", shore: "#192937", graticule: "#1e2c39", land: "#27343f", border: "#43525f", coast: "#4c6374",
  ink: "#eef2f5", faint: "#9fadb9", halo: "rgba(13,20,27,0.86)", casing: "#0d141b", badge: "#101820", select: "#62b8f5",
  routes: ["#ff8b4a", "#62b8f5", "#3fcfa0", "#e098cc", "#f0c93c", "#d5dde3"], quiet: "#7f8f9d", areaAlpha: 0.25,
};

const preference = typeof matchMedia === "undefined" ? null : matchMedia("(prefers-color-scheme: dark)");

export function ink(): Ink {
  return preference?.matches ? DARK : LIGHT;
}

/** Calls back when the system goes from light to dark or back; the answer ends that. */
export function onTheme(changed: () => void): () => void {
  preference?.addEventListener("change", changed);
  return () => preference?.removeEventListener("change", changed);
}

export function routeColor(colors: Ink, route: number): string {
  return colors.routes[route % colors.routes.length] ?? colors.ink;
}
