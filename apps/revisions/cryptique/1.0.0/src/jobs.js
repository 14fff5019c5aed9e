'use strict';

const { MODEL, embed } = require('./embedding');
const settings = require('./settings');

const ATTEMPTS = 3;
// A worker that was killed leaves its job in progress; after this time another one takes it.
const TAKEN_FOR_MS = 30000;

// Works on the oldest job that waits; returns whether there was one.
async function workOnce(database) {
  const job = await take(database);
  if (!job) return false;
  try {
    const document = await database.documents.findOne({ _id: job.document_id });
    if (!document) throw new Error(`document ${job.document_id} is gone`);
    await store(database, document);
    await database.jobs.updateOne({ _id: job._id }, { $set: { status: 'done', finished: new Date() } });
  } catch (error) {
    const status = job.attempts < ATTEMPTS ? 'pending' : 'failed';
    await database.jobs.updateOne({ _id: job._id }, { $set: { status, error: String(error) } });
  }
  await count(database);
  return true;
}

async function take(database) {
  const abandoned = new Date(Date.now() - TAKEN_FOR_MS);
  return database.jobs.findOneAndUpdate(
    { $or: [{ status: 'pending' }, { status: 'in_progress', taken: { $lt: abandoned } }] },
    { $set: { status: 'in_progress', taken: new Date() }, $inc: { attempts: 1 } },
    { sort: { created: 1 }, returnDocument: 'after' },
  );
}

// The ids follow from the document, so that a job that is done twice leaves the same vectors.
async function store(database, document) {
  const operations = chunks(document.text).map((text, chunk) => {
    const _id = `${document._id}:${chunk}`;
    const replacement = { document_id: document._id, chunk, text, model: MODEL, vector: embed(text), created: new Date() };
    return { replaceOne: { filter: { _id }, replacement, upsert: true } };
  });
  await database.vectors.bulkWrite(operations);
}

function chunks(text) {
  const parts = text.split(/\s+/).filter(Boolean);
  const made = [];
  for (let start = 0; start < parts.length; start += settings.chunkWords) {
    made.push(parts.slice(start, start + settings.chunkWords).join(' '));
  }
  return made;
}

async function count(database) {
  const [vectors, done, failed] = await Promise.all([
    database.vectors.countDocuments({ model: MODEL }),
    database.jobs.countDocuments({ status: 'done' }),
    database.jobs.countDocuments({ status: 'failed' }),
  ]);
  await database.stats.replaceOne({ _id: MODEL }, { vectors, done, failed, updated: new Date() }, { upsert: true });
}

module.exports = { workOnce };
