import * as v from "valibot";

/** A study's name for a participant: printable, no spaces or control characters, at most 128 characters. */
export const participantIdSchema = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,128}$/));

/** A scene's name: also a file name, so letters, digits, `_` and `-` only; at most 64 characters. */
export const sceneIdSchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/));

/** Ids the server makes (proposals, probes, matches). */
export const serverIdSchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,80}$/));

/**
 * A beacon's name: letters, digits, `_`, `.` and `-`, at most 64, the first one a letter or a digit. Two words are
 * no names, because the RTTs are kept by name in objects.
 */
export const beaconIdSchema = v.pipe(
  v.string(),
  v.regex(/^(?!(?:constructor|prototype)$)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/),
);
