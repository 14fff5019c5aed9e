'use strict';

// probe.js URL [--version V] [--attempts N] PATH...: one line for each path; exit code 0 once all of them answered 200, and,
// where a version is given, it was that version that answered. Attempts are a second apart.
const { parseArgs } = require('node:util');

const options = { version: { type: 'string' }, attempts: { type: 'string', default: '1' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [url, ...paths] = positionals;

async function problem(path) {
  try {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(5000) });
    if (answer.status !== 200) return `status ${answer.status}`;
    const { version } = await answer.json();
    return values.version && version !== values.version ? `version ${version}, not ${values.version}` : null;
  } catch (error) {
    return error.cause?.code || error.name;
  }
}

async function holds(path) {
  for (let attempt = 1; ; attempt += 1) {
    const found = await problem(path);
    if (!found) {
      console.log(`${path}: 200 after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`);
      return true;
    }
    if (attempt >= Number(values.attempts)) {
      console.error(`${path}: ${found} after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}`);
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

Promise.all(paths.map(holds)).then((all) => process.exit(all.every(Boolean) ? 0 : 1));
