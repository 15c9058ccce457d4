/**
 * Starts to listen, or says in one sentence why it cannot.
 *
 * @param {import("node:http").Server} server
 * @param {string} portText
 * @param {string} host
 * @returns {Promise<number>} the port
 */
export function listen(server, portText, host) {
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) {
    return Promise.reject(
      new Error(`PORT is "${portText}"; give a number from 0 to 65535, such as PORT=4170.`),
    );
  }
  return new Promise((resolve, reject) => {
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => reject(explain(error, port, host)));
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {number} port
 * @param {string} host
 */
function explain(error, port, host) {
  if (error.code === "EADDRINUSE") {
    const next = port === 65_535 ? 4170 : port + 1;
    return new Error(
      `Port ${port} is in use, perhaps by another demo. Choose another one:\n  PORT=${next} npm start` +
        `      (in PowerShell: $env:PORT=${next}; npm start)`,
    );
  }
  if (error.code === "EACCES") {
    return new Error(`This user may not listen on port ${port}. Choose one above 1023: PORT=4170 npm start`);
  }
  return new Error(`Cannot listen on ${host}, port ${port}: ${error.message}`);
}

/**
 * Ends the program with a mistake's message; the stack of a mistake helps nobody.
 *
 * @param {Error} error
 * @returns {never}
 */
export function fail(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
