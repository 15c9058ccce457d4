import { expect, it } from "vitest";
import { Listeners } from "./listeners.js";

it("a listener that fails keeps neither the others nor whoever tells them from going on", () => {
  const [told, failures]: [string[], unknown[]] = [[], []];
  const listeners = new Listeners<string>((error) => failures.push(error));
  const bug = new Error("a bug");
  listeners.add(() => {
    throw bug;
  });
  const end = listeners.add((word) => told.push(word));
  listeners.tell("one");
  end();
  listeners.tell("two");
  expect([told, failures]).toEqual([["one"], [bug, bug]]);
});
