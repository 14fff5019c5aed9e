'use strict';

// restore-vectors.js FOLDER: replaces the vector store by a backup's. Stop cryptique-rag-worker first.
const { VECTORS, main, restore, withDatabase } = require('./lib/dump');

main(async () => {
  const folder = process.argv[2];
  if (!folder) throw new Error('usage: FOLDER of the backup');
  console.log(JSON.stringify(await withDatabase((db) => restore(db, folder, VECTORS))));
});
