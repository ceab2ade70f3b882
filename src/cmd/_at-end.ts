// What is to be closed when a command has ended, whichever way.

const closers: (() => Promise<unknown>)[] = [];

/** Has something closed when the command that runs has ended. */
export function atEnd(close: () => Promise<unknown>): void {
  closers.push(close);
}

/** Closes it all. */
export async function closeAll(): Promise<void> {
  await Promise.all(closers.splice(0).map((close) => close()));
}
