'use strict';

const { MODEL } = require('./embedding');
const { scores } = require('./ranking');
const { present } = require('./results');

// Returns at most `topK` results; what has nothing to do with the query is left out.
async function search(database, query, topK) {
  const stored = await database.vectors.find({ model: MODEL }).toArray();
  const ranked = scores(query, stored).map((score, place) => ({ score, found: stored[place] }));
  return ranked
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score || left.found._id.localeCompare(right.found._id))
    .slice(0, topK)
    .map(({ score, found }) => present(found, score, query));
}

module.exports = { search };
