import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorCode, reasonOf } from "../journal/errors.js";
import { type CliIo, UsageError } from "./io.js";

/**
 * Reads a configuration: a JSON file, or an ES module whose default export it is. What is in it is checked by the server.
 *
 * @throws {UsageError} there is none to be read
 */
export async function readConfig(file: string, io: CliIo): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(io.cwd, file);
  const config = extname(path) === ".json" ? await readJson(path) : await readModule(path);
  if (typeof config === "object" && config !== null && !Array.isArray(config)) {
    return config as Readonly<Record<string, unknown>>;
  }
  throw new UsageError(`${path}: wanted an object with at least "auth" and "scenes".`);
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw cannotRead(path, error);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UsageError(`${path} is not valid JSON: ${reasonOf(error)}`);
  }
}

async function readModule(path: string): Promise<unknown> {
  if (![".js", ".mjs"].includes(extname(path))) {
    throw new UsageError(`${path}: wanted a file that ends in .json, .js or .mjs.`);
  }
  try {
    await readFile(path);
  } catch (error) {
    throw cannotRead(path, error);
  }
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${reasonOf(error)}`);
  }
  if (module.default === undefined) {
    throw new UsageError(
      `${path} has no default export. Write: export default { auth: { … }, scenes: [ … ] };`,
    );
  }
  return module.default;
}

const cannotRead = (path: string, error: unknown): UsageError =>
  new UsageError(
    errorCode(error) === "ENOENT"
      ? `there is no configuration at ${path}. Check the path.`
      : `the configuration cannot be read: ${reasonOf(error)}`,
  );
