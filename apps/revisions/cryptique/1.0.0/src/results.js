'use strict';

function present(found, score) {
  return {
    document_id: found.document_id,
    chunk: found.chunk,
    score: Math.round(score * 1e4) / 1e4,
    text: found.text,
  };
}

module.exports = { present };
