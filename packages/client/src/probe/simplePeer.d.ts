/**
 * The part of simple-peer 9 that `link.ts` uses, private fields included. The built file is imported because
 * the package's entry needs Node globals that bundlers no longer provide.
 */
declare module "simple-peer/simplepeer.min.js" {
  interface Options {
    readonly initiator: boolean;
    readonly trickle: boolean;
    readonly objectMode: boolean;
    readonly channelConfig: RTCDataChannelInit;
    readonly config: RTCConfiguration;
  }
  export default class SimplePeer {
    constructor(options: Options);
    on(event: "signal", listener: (signal: unknown) => void): this;
    on(event: "error", listener: (error: Error & { readonly code?: string }) => void): this;
    on(event: "close", listener: () => void): this;
    removeAllListeners(): this;
    signal(signal: object): void;
    destroy(): void;
    readonly destroyed: boolean;
    readonly _pc: RTCPeerConnection | null | undefined;
    readonly _channel: RTCDataChannel | null | undefined;
    _connecting: boolean;
    readonly _iceCompleteTimer: ReturnType<typeof setTimeout> | null | undefined;
  }
}
