/** The examples that every implementation of the protocol reproduces: tests/vectors, made by the Python one. */

import { readFileSync } from "node:fs";

const FOLDER = new URL("../../tests/vectors/", import.meta.url);

/** Return the content of a vector file; the caller says what it looks like. */
export function vectors<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf-8")) as Content;
}
