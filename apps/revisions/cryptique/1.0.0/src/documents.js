'use strict';

const { randomUUID } = require('node:crypto');

// Stores a document and the job that asks the worker for its vectors.
async function add(database, text, more = {}) {
  const document = { _id: randomUUID(), text, created: new Date(), ...more };
  const job = { _id: randomUUID(), document_id: document._id, status: 'pending', attempts: 0, created: new Date() };
  await database.documents.insertOne(document);
  await database.jobs.insertOne(job);
  return { document_id: document._id, job_id: job._id };
}

module.exports = { add };
