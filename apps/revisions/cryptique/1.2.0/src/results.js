'use strict';

const { words } = require('./embedding');
const { singular } = require('./ranking');

const AROUND = 6;
const MOST_HIGHLIGHTS = 3;

function present(found, score, query) {
  return {
    document_id: found.document_id,
    chunk: found.chunk,
    score: Math.round(score * 1e4) / 1e4,
    text: found.text,
    highlights: highlights(found.text, query),
  };
}

// Returns the places where words of the query stand, with some words around and the found one in asterisks.
function highlights(text, query) {
  const wanted = new Set(words(query).map(singular));
  const parts = text.split(/\s+/).filter(Boolean);
  const isWanted = (part) => words(part).some((word) => wanted.has(singular(word)));
  const made = [];
  for (let place = 0; place < parts.length && made.length < MOST_HIGHLIGHTS; place += 1) {
    if (isWanted(parts[place])) {
      const shown = parts.slice(Math.max(0, place - AROUND), place + AROUND + 1);
      made.push(shown.map((part) => (isWanted(part) ? `*${part}*` : part)).join(' '));
      place += AROUND;
    }
  }
  return made;
}

module.exports = { present };
