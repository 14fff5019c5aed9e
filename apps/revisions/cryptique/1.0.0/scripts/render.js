'use strict';

// render.js TEMPLATE HOST_ENV: prints the template with the machine's settings in the place of ${NAME}.
const fs = require('node:fs');
const envFile = require('./lib/env-file');

const [template, hostEnv] = process.argv.slice(2);
const values = { ...envFile.read(hostEnv), HOST_ROOT: process.env.HOST_ROOT || '' };
const missing = new Set();
const text = fs.readFileSync(template, 'utf8').replace(/\$\{([A-Z_]+)\}/g, (_, name) => {
  if (!(name in values)) missing.add(name);
  return values[name];
});
if (missing.size) {
  console.error(`${template} needs settings that ${hostEnv} doesn't have: ${[...missing].join(', ')}`);
  process.exit(1);
}
process.stdout.write(text);
