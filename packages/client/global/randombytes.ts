/** Stands in for `randombytes` in the script-tag file: simple-peer names its connections with it. */
const randombytes = (length: number) => {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return { toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
};

export { randombytes as "module.exports" };
