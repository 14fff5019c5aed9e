'use strict';

// Embeddings by feature hashing: each word adds or takes one at a place that its hash chooses. What is stored is the same
// for every version of the application, so any of them can search what any other has stored.
const MODEL = 'hash-256';
const DIMENSIONS = 256;

function words(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
}

// FNV-1a, 32 bits.
function hash(word) {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(word)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

function embed(text) {
  const vector = new Array(DIMENSIONS).fill(0);
  for (const word of words(text)) {
    const value = hash(word);
    vector[value % DIMENSIONS] += value >>> 31 ? -1 : 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((component) => Math.round((component / length) * 1e6) / 1e6);
}

function cosine(left, right) {
  return left.reduce((sum, component, place) => sum + component * right[place], 0);
}

module.exports = { MODEL, words, embed, cosine };
