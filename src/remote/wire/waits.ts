// Who is told what a command waits for.

/** Told what a command waits for, so that it can show that; each gives what the promise gives. */
export interface WaitObserver {
  /**
   * Work that may take a while and shows nothing by itself: `looking at Blender's packages`; a
   * function says how far it is now.
   */
  during<T>(what: string | (() => string), work: Promise<T>): Promise<T>;
  /** A request: while Blender's main thread runs other code, most of them wait for its end. */
  answer<T>(request: Promise<T>): Promise<T>;
  /** A request that may take as long as it wants: only what keeps it from beginning is of interest. */
  turn<T>(request: Promise<T>): Promise<T>;
}

/** Shows nothing. */
export const unobserved: WaitObserver = {
  during: (_, work) => work,
  answer: (request) => request,
  turn: (request) => request,
};
