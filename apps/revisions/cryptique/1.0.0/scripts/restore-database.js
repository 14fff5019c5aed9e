'use strict';

// restore-database.js FOLDER: replaces the whole database by a backup. Stop the application first.
const { EVERYTHING, main, restore, withDatabase } = require('./lib/dump');

main(async () => {
  const folder = process.argv[2];
  if (!folder) throw new Error('usage: FOLDER of the backup');
  console.log(JSON.stringify(await withDatabase((db) => restore(db, folder, EVERYTHING))));
});
