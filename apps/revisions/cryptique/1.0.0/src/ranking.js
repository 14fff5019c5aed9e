'use strict';

const { cosine, embed } = require('./embedding');

// Returns a score for each stored vector document, the best match highest.
function scores(query, stored) {
  const wanted = embed(query);
  return stored.map((found) => cosine(wanted, found.vector));
}

module.exports = { scores };
