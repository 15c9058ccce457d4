import { type Logger, pino } from "pino";

/** From silent to chatty. `warn`: something a researcher should look into; `error`: something was lost or failed. */
export const logLevels = ["silent", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on standard output. */
export const createLogger = (level: LogLevel): Logger => pino({ name: "probematch", level });
