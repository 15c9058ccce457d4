/** Stands in for `buffer` in the script-tag file: simple-peer wraps received bytes in it for its stream, unused here. */
export const Buffer = { from: (bytes: ArrayBuffer): ArrayBuffer => bytes };
