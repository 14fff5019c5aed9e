'use strict';

const { cosine, embed, words } = require('./embedding');
const settings = require('./settings');

// Returns a score for each stored vector document, the best match highest: the cosine, which misses a plural and takes words
// for each other that share a place, mixed with the share of the query's words that really are in the text. A word counts
// the more, the fewer texts have it.
function scores(query, stored) {
  const wanted = embed(query);
  const texts = stored.map((found) => new Set(words(found.text).map(singular)));
  const weights = new Map(words(query).map(singular).map((word) => [word, rarity(word, texts)]));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0) || 1;
  return stored.map((found, place) => {
    const present = [...weights].filter(([word]) => texts[place].has(word));
    const share = present.reduce((sum, [, weight]) => sum + weight, 0) / total;
    return (1 - settings.wordWeight) * cosine(wanted, found.vector) + settings.wordWeight * share;
  });
}

function singular(word) {
  return word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

// The inverse document frequency as BM25 has it; a word that no text has tells nothing about any.
function rarity(word, texts) {
  const having = texts.filter((text) => text.has(word)).length;
  if (having === 0) return 0;
  return Math.log(1 + (texts.length - having + 0.5) / (having + 0.5));
}

module.exports = { scores, singular };
