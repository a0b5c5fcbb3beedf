// Accepts certificates as Node.js does, in a TLS connection over the loopback interface.
// Each line of standard input is as that of verify.py. Prints "yes" or why not for each.
'use strict';
const fs = require('fs');
const tls = require('tls');

const read = (file) => fs.readFileSync(file, 'utf8');

// One connection; resolves to the error of the side that verifies the other, or to null.
function connect(verifier, serverOptions, clientOptions) {
  return new Promise((resolve) => {
    const server = tls.createServer({ minVersion: 'TLSv1.3', ...serverOptions });
    let client;
    const end = (error) => {
      client.destroy();
      server.close();
      resolve(error);
    };
    server.on('tlsClientError', end);
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      if (verifier === 'server') end(null);
    });
    server.listen(0, '127.0.0.1', () => {
      client = tls.connect({ host: '127.0.0.1', port: server.address().port, ...clientOptions });
      client.on('error', end);
      client.on('secureConnect', () => {
        if (verifier === 'client') end(null);
      });
    });
  });
}

function verify([purpose, root, chain, key, host, serverChain, serverKey]) {
  const identity = { cert: read(chain), key: read(key) };
  if (purpose === 'server') {
    const name = host === '-' ? { checkServerIdentity: () => undefined } : { servername: host };
    return connect('client', identity, { ca: read(root), ...name });
  }
  return connect('server', { cert: read(serverChain), key: read(serverKey), ca: read(root), requestCert: true },
    { ...identity, rejectUnauthorized: false });
}

async function main() {
  for (const line of read(0).split('\n').filter((text) => text !== '')) {
    const error = await verify(line.split(' '));
    console.log(error === null ? 'yes' : `no: ${error.code} ${error.message}`);
  }
}

main();
