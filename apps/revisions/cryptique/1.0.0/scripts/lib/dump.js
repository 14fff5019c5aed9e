'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { BSON, MongoClient } = require('mongodb');
const settings = require('../../src/settings');
const version = require('../../src/version');

const { EJSON } = BSON;
const VECTORS = ['vector_documents', 'embedding_jobs', 'embedding_stats'];
const EVERYTHING = ['documents', ...VECTORS];
const BATCH = 500;

async function withDatabase(work) {
  const client = new MongoClient(settings.mongodbUri, { serverSelectionTimeoutMS: 5000 });
  try {
    return await work(client.db());
  } finally {
    await client.close();
  }
}

// Writes collections as one document a line (extended JSON, so that dates stay dates), with a manifest of counts and
// checksums. The folder gets its name only when it is whole.
async function dump(db, names, folder) {
  const partial = `${folder}.partial`;
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(partial, { recursive: true });
  const collections = {};
  for (const name of names) {
    const lines = [];
    for await (const document of db.collection(name).find({}).sort({ _id: 1 })) {
      lines.push(`${EJSON.stringify(document, { relaxed: false })}\n`);
    }
    const content = lines.join('');
    fs.writeFileSync(path.join(partial, `${name}.jsonl`), content);
    collections[name] = { documents: lines.length, sha256: digest(content) };
  }
  const manifest = { created: new Date().toISOString(), version, collections };
  fs.writeFileSync(path.join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.renameSync(partial, folder);
  return manifest;
}

// Reads a backup back and returns its documents by collection; throws where anything differs from the manifest.
function check(folder, names) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  const found = {};
  for (const name of names) {
    const expected = manifest.collections[name];
    if (!expected) throw new Error(`${folder} holds no ${name}`);
    const content = fs.readFileSync(path.join(folder, `${name}.jsonl`), 'utf8');
    if (digest(content) !== expected.sha256) throw new Error(`${name}.jsonl isn't what its manifest says: choose another backup`);
    found[name] = content.split('\n').filter(Boolean).map((line) => EJSON.parse(line, { relaxed: false }));
    if (found[name].length !== expected.documents) throw new Error(`${name}.jsonl doesn't hold ${expected.documents} documents`);
  }
  return found;
}

// Replaces collections by a backup's. The whole backup is read and checked before anything is deleted.
async function restore(db, folder, names) {
  const found = check(folder, names);
  for (const name of names) {
    await db.collection(name).deleteMany({});
    for (let start = 0; start < found[name].length; start += BATCH) {
      await db.collection(name).insertMany(found[name].slice(start, start + BATCH));
    }
  }
  return Object.fromEntries(names.map((name) => [name, found[name].length]));
}

function digest(content) {
  return createHash('sha256').update(content).digest('hex');
}

// Runs a script's work and ends the process; an error is one line.
function main(work) {
  work().then(
    () => process.exit(0),
    (error) => {
      console.error(`${path.basename(process.argv[1])}: ${error.message}`);
      process.exit(1);
    },
  );
}

module.exports = { EVERYTHING, VECTORS, check, dump, main, restore, withDatabase };
