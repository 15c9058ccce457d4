/** The study that the compose file's nodes serve. All of them have to have the same one. */
export default {
  // The secret comes from --secret-env; sign a token per participant with `probematch token`.
  auth: { mode: "token" },
  trustedProxies: 1,
  ice: { turn: { urls: process.env.TURN_URLS?.split(",") ?? [], secret: process.env.TURN_SECRET ?? "" } },
  adminToken: process.env.ADMIN_TOKEN,
  scenes: [
    {
      id: "ultimatum",
      groupSize: 2,
      matchmaking: { matchmaker: { name: "fifo", maxP2pRttMs: 150 } },
      waitroom: { timeoutMs: 300_000 },
    },
  ],
};
