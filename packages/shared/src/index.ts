export * from "./failures.js";
export * from "./ids.js";
export * from "./json.js";
export * from "./outcomes.js";
export * from "./protocol.js";
export * from "./refusals.js";
export * from "./rttStats.js";
export * from "./statistics.js";
