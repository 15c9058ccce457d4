/** Stands in for `debug` in the script-tag file: simple-peer's debug output, off by default, is not there. */
const debug = (): (() => void) => () => {};

export { debug as "module.exports" };
