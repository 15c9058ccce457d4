import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { hmacSha256 } from "./hmac.js";
import {
  signParticipantToken,
  signResumeToken,
  tokenKey,
  verifyParticipantToken,
  verifyResumeToken,
} from "./tokens.js";

const secret = "a secret of at least thirty-two bytes";
const key = tokenKey(secret);
const sign = hmacSha256(key);

describe("a participant token", () => {
  it("brings back what the study signed", async () => {
    const token = await signParticipantToken({
      secret,
      participantId: "p-17",
      attributes: { group: "a" },
      priority: 2,
    });
    expect(await verifyParticipantToken(key, token, "ultimatum")).toEqual({
      status: "valid",
      identity: { participantId: "p-17", attributes: { group: "a" }, priority: 2 },
    });
  });

  it("is good for its scene only, where it names one", async () => {
    const token = await signParticipantToken({ secret, participantId: "p", scene: "trust" });
    expect(await verifyParticipantToken(key, token, "trust")).toMatchObject({ status: "valid" });
    expect(await verifyParticipantToken(key, token, "ultimatum")).toEqual({
      status: "wrong_scene",
      scene: "trust",
    });
  });

  it("is told expired from forged", async () => {
    const expired = await signParticipantToken({ secret, participantId: "p", expiresIn: "1 minute ago" });
    expect(await verifyParticipantToken(key, expired, "s")).toEqual({ status: "expired" });
    const forged = await signParticipantToken({ secret: `${secret}!`, participantId: "p" });
    expect(await verifyParticipantToken(key, forged, "s")).toMatchObject({ status: "invalid" });
    expect(await verifyParticipantToken(key, "no.token.atall", "s")).toMatchObject({ status: "invalid" });
  });

  it("that never expires, or is unsigned, is not accepted", async () => {
    const endless = await new SignJWT({ sub: "p" })
      .setProtectedHeader({ alg: "HS256" })
      .setAudience("probematch")
      .sign(key);
    expect(await verifyParticipantToken(key, endless, "s")).toMatchObject({ status: "invalid" });
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const unsigned = `${encode({ alg: "none" })}.${encode({ sub: "p", aud: "probematch", exp: 9e9 })}.`;
    expect(await verifyParticipantToken(key, unsigned, "s")).toMatchObject({ status: "invalid" });
  });

  it("does not pass for a resume token, nor the other way round", async () => {
    const participant = await signParticipantToken({ secret, participantId: "p", scene: "s" });
    const resume = signResumeToken(sign, "s", { participantId: "p", attributes: {}, priority: 0 });
    expect(await verifyResumeToken(key, participant, "s")).toMatchObject({ status: "invalid" });
    expect(await verifyParticipantToken(key, resume, "s")).toMatchObject({ status: "invalid" });
  });

  it("is not signed with a short secret, or for an id that breaks the rules", async () => {
    await expect(signParticipantToken({ secret: "short", participantId: "p" })).rejects.toThrow(
      /at least 32/,
    );
    await expect(signParticipantToken({ secret, participantId: "two words" })).rejects.toThrow(/Cannot sign/);
  });
});

describe("a resume token", () => {
  const identity = { participantId: "p", attributes: { arm: 3 }, priority: 1 };

  it("brings the same participant back to the same scene, with what was signed about them", async () => {
    const token = signResumeToken(sign, "s", identity);
    expect(await verifyResumeToken(key, token, "s")).toEqual({ status: "valid", identity });
    expect(await verifyResumeToken(key, token, "t")).toMatchObject({ status: "wrong_scene" });
  });

  it("ends", async () => {
    const token = signResumeToken(sign, "s", identity, -60);
    expect(await verifyResumeToken(key, token, "s")).toEqual({ status: "expired" });
  });
});
