// TLS on localhost: a proxy in front of the server, and the app's pages.

import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import net from "node:net";
import tls from "node:tls";

execFileSync("openssl", [
  "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
  "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost",
  "-addext", "subjectAltName=DNS:localhost,DNS:app.localhost,DNS:other.localhost",
], { stdio: "ignore" });
const options = { key: readFileSync("key.pem"), cert: readFileSync("cert.pem") };

const spki = new X509Certificate(options.cert).publicKey.export({ type: "spki", format: "der" });
/** Chromium accepts this certificate, although nobody has signed it, and no other. */
export const trust = `--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`;

async function listens(server) {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

/** The port where TLS ends; the bytes go on to the address that `target` tells. */
export function terminator(target) {
  return listens(tls.createServer(options, (client) => {
    const { hostname, port } = new URL(target());
    const server = net.connect(port, hostname);
    client.pipe(server).pipe(client);
    for (const end of [client, server]) end.on("error", () => { client.destroy(); server.destroy(); });
  }));
}

/** The port of a server that has these files, by their paths. */
export function files(contents) {
  return listens(createServer(options, ({ url }, answer) => {
    const content = contents[url];
    if (content === undefined) return answer.writeHead(404).end();
    answer.writeHead(200, { "content-type": url.endsWith(".js") ? "text/javascript" : "text/html" }).end(content);
  }));
}
