/**
 * Can this browser make a WebRTC connection at all? Some have no `RTCPeerConnection`; in some a policy or an
 * extension makes its construction throw.
 */
export function hasWebrtc(): boolean {
  try {
    new RTCPeerConnection({ iceServers: [] }).close();
    return true;
  } catch {
    return false;
  }
}
