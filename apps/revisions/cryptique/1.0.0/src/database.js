'use strict';

const { MongoClient } = require('mongodb');

const WAIT_MS = 5000;

// Returns the collections, `ping` and `close`; rejects when the server doesn't answer in time.
async function connect(uri) {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: WAIT_MS, connectTimeoutMS: WAIT_MS });
  await client.connect();
  const db = client.db();
  await db.collection('embedding_jobs').createIndex({ status: 1, created: 1 });
  return {
    documents: db.collection('documents'),
    vectors: db.collection('vector_documents'),
    jobs: db.collection('embedding_jobs'),
    stats: db.collection('embedding_stats'),
    ping: () => db.command({ ping: 1 }),
    close: () => client.close(),
  };
}

module.exports = { connect };
