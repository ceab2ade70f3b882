// Times and durations as people of this machine read them.

/** A time in seconds since 1970 as `2026-11-26 02:35:10`, in this machine's time zone. */
export function localTime(unixSeconds: number): string {
  const time = new Date(unixSeconds * 1000);
  return `${time.toLocaleDateString("sv")} ${time.toLocaleTimeString("sv")}`;
}

/** Seconds as `12 s`, `3 min 5 s` or `2 h 10 min`. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
