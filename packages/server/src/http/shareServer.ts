import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { respondError } from "./respond.js";

/**
 * Lets a handler see an HTTP server's requests before the application does. What it does not want goes to the
 * application, which so keeps everything else; a server without an application answers 404.
 *
 * The application's own handler has to be on the server already (as it is with `createServer(app)` and
 * `app.listen()`): one that is added later sees every request itself.
 *
 * @param handle returns false when the request is not for it
 * @returns the function that ends it
 */
export function shareServer(
  server: HttpServer,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean,
): () => void {
  const application = server.listeners("request");
  let ended = false;
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    if (!ended && handle(request, response)) return;
    for (const listener of application) listener.call(server, request, response);
    const isAlone = application.length === 0 && server.listenerCount("request") === 1;
    if (isAlone) respondError(request, response, 404, "not_found", "There is nothing at this address.");
  });
  // The listener stays where it is, because others (socket.io) may have taken it over in the same way.
  return () => {
    ended = true;
  };
}
