import * as v from "valibot";

/** A value that survives JSON unchanged. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export const jsonValueSchema: v.GenericSchema<JsonValue> = v.lazy(() =>
  v.union([
    v.null(),
    v.boolean(),
    v.pipe(v.number(), v.finite()),
    v.string(),
    v.array(jsonValueSchema),
    v.record(v.string(), jsonValueSchema),
  ]),
);

/**
 * What a study knows about a participant and a matchmaker may use: flat, small, JSON.
 * At most 32 keys of 64 characters; strings of at most 256 characters.
 */
export const attributesSchema = v.pipe(
  v.record(
    v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
    v.union([v.boolean(), v.pipe(v.number(), v.finite()), v.pipe(v.string(), v.maxLength(256)), v.null()]),
  ),
  v.check((attributes) => Object.keys(attributes).length <= 32, "at most 32 attributes"),
);
export type Attributes = v.InferOutput<typeof attributesSchema>;
