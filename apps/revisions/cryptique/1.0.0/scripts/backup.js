'use strict';

// backup.js mongodb|vectors|check FOLDER: writes a backup to a folder that doesn't exist yet, or reads one back.
const fs = require('node:fs');
const { EVERYTHING, VECTORS, check, dump, main, withDatabase } = require('./lib/dump');

const [what, folder] = process.argv.slice(2);

main(async () => {
  if (!['mongodb', 'vectors', 'check'].includes(what) || !folder) throw new Error('usage: mongodb|vectors|check FOLDER');
  if (what === 'check') {
    const held = ['documents', ...VECTORS].filter((name) => fs.existsSync(`${folder}/${name}.jsonl`));
    if (!held.length) throw new Error(`${folder} is no backup`);
    console.log(JSON.stringify(Object.fromEntries(Object.entries(check(folder, held)).map(([name, all]) => [name, all.length]))));
    return;
  }
  if (fs.existsSync(folder)) throw new Error(`${folder} exists already: a backup is never overwritten`);
  const manifest = await withDatabase((db) => dump(db, what === 'mongodb' ? EVERYTHING : VECTORS, folder));
  console.log(JSON.stringify({ folder, ...manifest }));
});
