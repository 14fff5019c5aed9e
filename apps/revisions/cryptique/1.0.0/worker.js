'use strict';

const { connect } = require('./src/database');
const { workOnce } = require('./src/jobs');
const { untilTold } = require('./src/lifecycle');
const settings = require('./src/settings');

const PAUSE_MS = 500;

async function main() {
  const database = await connect(settings.mongodbUri);
  let stopped = false;
  const idle = (async () => {
    while (!stopped) {
      const worked = await workOnce(database).catch((error) => console.error(error));
      if (!worked) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  untilTold(async () => {
    stopped = true;
    await idle;
    await database.close();
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
