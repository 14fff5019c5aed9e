'use strict';

const fs = require('node:fs');

// Reads lines of NAME=value. The scripts that use this run before a release has its dependencies, hence no library.
function read(file) {
  const values = {};
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const found = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (found) values[found[1]] = found[2];
    else if (line.trim() && !line.trim().startsWith('#')) throw new Error(`${file} has a line that isn't NAME=value`);
  }
  return values;
}

module.exports = { read };
