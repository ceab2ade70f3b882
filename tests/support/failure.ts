// The Failure that something under test has to end with.

import { AssertionError } from "node:assert";
import { Failure } from "../../src/failure.ts";

/** The failure of a promise; throws whatever else it rejects with, and where it doesn't. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new AssertionError({ message: "it didn't fail" });
}

/** The failure that this throws at once. */
export function failureOfCall(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new AssertionError({ message: "it didn't fail" });
}
