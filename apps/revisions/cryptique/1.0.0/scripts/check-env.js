'use strict';

// check-env.js ENV_FILE SCHEMA: exit code 1, with one line for each problem, unless the file has exactly the settings of the
// schema and each fits its pattern. Values aren't printed: they may be secret.
const fs = require('node:fs');
const envFile = require('./lib/env-file');

const [file, schemaFile] = process.argv.slice(2);
const values = envFile.read(file);
const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'));
const problems = [];
for (const [name, pattern] of Object.entries(schema)) {
  if (!(name in values)) problems.push(`${name} is missing`);
  else if (!new RegExp(`^(?:${pattern})$`).test(values[name])) problems.push(`${name} isn't of the form ${pattern}`);
}
for (const name of Object.keys(values)) {
  if (!(name in schema)) problems.push(`${name} is no setting of this version`);
}
for (const problem of problems) console.error(`env file: ${problem}`);
process.exit(problems.length ? 1 : 0);
