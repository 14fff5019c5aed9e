'use strict';

const cluster = require('node:cluster');
const { createApp } = require('./src/app');
const { connect } = require('./src/database');
const { untilTold } = require('./src/lifecycle');
const settings = require('./src/settings');

async function main() {
  const database = await connect(settings.mongodbUri);
  const server = createApp(database).listen(settings.port, '127.0.0.1', (error) => {
    if (error) throw error;
    if (process.send) process.send('ready');
  });
  untilTold(async () => {
    // Requests that came in are answered; connections that wait for a next one are closed.
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections?.();
    await closed;
    await leaveCluster();
    await database.close();
  });
}

// A connection that pm2's primary process is just handing over to this one would be lost with it. The primary answers after
// whatever it had handed over, and passes on to another process what is turned down until then.
async function leaveCluster() {
  if (!cluster.isWorker || !process.connected) return;
  const left = new Promise((resolve) => process.once('disconnect', resolve));
  cluster.worker.disconnect();
  await left;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
