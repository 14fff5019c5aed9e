'use strict';

const version = require('./version');

// What /api/status answers: whether the database does, and how much it holds.
async function status(database) {
  try {
    await database.ping();
    const [documents, vectors, pending, failed] = await Promise.all([
      database.documents.countDocuments(),
      database.vectors.countDocuments(),
      database.jobs.countDocuments({ status: { $in: ['pending', 'in_progress'] } }),
      database.jobs.countDocuments({ status: 'failed' }),
    ]);
    return { status: 'ok', version, database: 'connected', documents, vectors, jobs: { pending, failed } };
  } catch (error) {
    console.error(error);
    return { status: 'unavailable', version, database: 'unreachable' };
  }
}

module.exports = { status };
